//! The formats of the packets that the broker sends (chapters 2 and 3 of both versions).

macro_rules! format_rules {
    ($next:ident $($more:ident)*; $($rows:tt)*) => {
        $next! { $($more)*; $($rows)*

ReservedFlagsZero ["2.2.2-1"] ["2.1.3-1"]
    "The flags of packets other than PUBLISH and PUBREL are 0000.";
PubrelFlags ["2.2.2-1" "3.6.1-1"] ["2.1.3-1" "3.6.1-1"]
    "The flags of PUBREL are 0010.";
LengthsMinimal [] ["1.5.5-1"]
    "Lengths take the fewest bytes.";
PropertyLengthPresent [] ["2.2.2-1"]
    "A packet without properties says so by a Property Length of 0.";
IdentifiersNotZero ["2.3.1-1"] ["2.2.1-4"]
    "Packet Identifiers are not zero.";
Qos0WithoutIdentifier ["2.3.1-5"] ["2.2.1-2"]
    "A QoS 0 PUBLISH has no Packet Identifier.";
Qos0WithoutDup ["3.3.1-2" "4.3.1-1"] ["3.3.1-2" "4.3.1-1"]
    "A QoS 0 PUBLISH has DUP 0.";
PubackEchoesIdentifier ["2.3.1-6" "4.3.2-2"] ["2.2.1-5" "4.3.2-4"]
    "PUBACK has the identifier of its PUBLISH.";
PubrecEchoesIdentifier ["2.3.1-6" "4.3.3-2"] ["2.2.1-5" "4.3.3-8"]
    "PUBREC has the identifier of its PUBLISH.";
PubrelEchoesIdentifier ["2.3.1-6" "4.3.3-1"] ["2.2.1-5" "4.3.3-4"]
    "PUBREL has the identifier of its PUBLISH.";
PubcompEchoesIdentifier ["X-3.7.2-1" "4.3.3-2"] ["2.2.1-5" "4.3.3-11"]
    "PUBCOMP has the identifier of its PUBREL.";
SubackEchoesIdentifier ["2.3.1-7" "3.8.4-2"] ["2.2.1-6" "3.8.4-2"]
    "SUBACK has the identifier of its SUBSCRIBE.";
UnsubackEchoesIdentifier ["2.3.1-7" "3.10.4-4"] ["2.2.1-6" "3.10.4-5"]
    "UNSUBACK has the identifier of its UNSUBSCRIBE.";
AcknowledgementsBare ["X-3.4.1-1" "X-3.5.1-1" "X-3.6.1-1" "X-3.7.1-1" "X-3.11.1-1"] []
    "An acknowledgement of MQTT 3.1.1 holds the identifier and nothing else.";
PingrespBare ["X-3.13.1-1"] ["X-3.13.1-1"]
    "PINGRESP has a Remaining Length of 0.";
ConnackFlagsReserved ["X-3.2.2.1-1"] ["3.2.2-1"]
    "Bits 7 to 1 of the Connect Acknowledge Flags are 0.";
ConnackEndsAfterLastField ["X-3.2.1-1"] ["X-3.2.3-1"]
    "CONNACK has no payload.";
ConnackReasonDefined [] ["3.2.2-8"]
    "The code of CONNACK is one of its table.";
PubackReasonDefined [] ["3.4.2-1"]
    "The code of PUBACK is one of its table.";
PubrecReasonDefined [] ["3.5.2-1"]
    "The code of PUBREC is one of its table.";
PubrelReasonDefined [] ["3.6.2-1"]
    "The code of PUBREL is one of its table.";
PubcompReasonDefined [] ["3.7.2-1"]
    "The code of PUBCOMP is one of its table.";
SubackReasonDefined ["3.9.3-2"] ["3.9.3-2"]
    "The codes of SUBACK are of its table.";
UnsubackReasonDefined [] ["3.11.3-2"]
    "The codes of UNSUBACK are of its table.";
DisconnectReasonDefined [] ["3.14.2-1"]
    "The code of DISCONNECT is one of its table.";
ConnackPropertiesOwn [] ["X-3.2.2.3-1"]
    "CONNACK has only properties of its list.";
PublishPropertiesOwn [] ["X-3.3.2.3-1"]
    "PUBLISH has only properties of its list.";
PubackPropertiesOwn [] ["X-3.4.2.2-1"]
    "PUBACK has only properties of its list.";
PubrecPropertiesOwn [] ["X-3.5.2.2-1"]
    "PUBREC has only properties of its list.";
PubrelPropertiesOwn [] ["X-3.6.2.2-1"]
    "PUBREL has only properties of its list.";
PubcompPropertiesOwn [] ["X-3.7.2.2-1"]
    "PUBCOMP has only properties of its list.";
SubackPropertiesOwn [] ["X-3.9.2.1-1"]
    "SUBACK has only properties of its list.";
UnsubackPropertiesOwn [] ["X-3.11.2.1-1"]
    "UNSUBACK has only properties of its list.";
DisconnectPropertiesOwn [] ["X-3.14.2.2-1"]
    "DISCONNECT has only properties of its list.";
ConnackSessionExpiryOnce [] ["X-3.2.2.3.2-1"]
    "CONNACK has at most one Session Expiry Interval.";
ConnackReceiveMaximumOnce [] ["X-3.2.2.3.3-1"]
    "CONNACK has at most one Receive Maximum.";
ConnackMaximumQosOnce [] ["X-3.2.2.3.4-1"]
    "CONNACK has at most one Maximum QoS.";
ConnackRetainAvailableOnce [] ["X-3.2.2.3.5-1"]
    "CONNACK has at most one Retain Available.";
ConnackMaximumPacketSizeOnce [] ["X-3.2.2.3.6-1"]
    "CONNACK has at most one Maximum Packet Size.";
ConnackAssignedIdentifierOnce [] ["X-3.2.2.3.7-1"]
    "CONNACK has at most one Assigned Client Identifier.";
ConnackTopicAliasMaximumOnce [] ["X-3.2.2.3.8-1"]
    "CONNACK has at most one Topic Alias Maximum.";
ConnackReasonStringOnce [] ["X-3.2.2.3.9-1"]
    "CONNACK has at most one Reason String.";
ConnackWildcardAvailableOnce [] ["X-3.2.2.3.11-1"]
    "CONNACK has at most one Wildcard Subscription Available.";
ConnackIdentifierAvailableOnce [] ["X-3.2.2.3.12-1"]
    "CONNACK has at most one Subscription Identifier Available.";
ConnackSharedAvailableOnce [] ["X-3.2.2.3.13-1"]
    "CONNACK has at most one Shared Subscription Available.";
ConnackServerKeepAliveOnce [] ["X-3.2.2.3.14-1"]
    "CONNACK has at most one Server Keep Alive.";
ConnackResponseInformationOnce [] ["X-3.2.2.3.15-1"]
    "CONNACK has at most one Response Information.";
ConnackServerReferenceOnce [] ["X-3.2.2.3.16-1"]
    "CONNACK has at most one Server Reference.";
ConnackAuthenticationMethodOnce [] ["X-3.2.2.3.17-1"]
    "CONNACK has at most one Authentication Method.";
ConnackAuthenticationDataOnce [] ["X-3.2.2.3.18-1"]
    "CONNACK has at most one Authentication Data.";
AliasesWithinMaximum [] ["3.1.2-26" "3.1.2-27" "3.3.2-11"]
    "The server uses no Topic Alias above the client's Topic Alias Maximum.";
SubscriptionIdentifierNotZero [] ["X-3.3.2.3.8-1"]
    "The server sends no Subscription Identifier 0.";
DisconnectWithoutExpiry [] ["3.14.2-2"]
    "The server's DISCONNECT has no Session Expiry Interval.";
DisconnectServerReferenceOnce [] ["X-3.14.2.2.5-1"]
    "DISCONNECT has at most one Server Reference.";
MaximumPacketSizeHonoured [] ["3.1.2-24"]
    "No packet is larger than the client's Maximum Packet Size.";
ReasonStringFits [] [
    "3.2.2-19" "3.4.2-2" "3.5.2-2" "3.6.2-2" "3.7.2-2" "3.9.2-1" "3.11.2-1" "3.14.2-3" "3.15.2-2"]
    "A Reason String is left out where it makes the packet larger than the client accepts.";
UserPropertyFits [] [
    "3.2.2-20" "3.4.2-3" "3.5.2-3" "3.6.2-3" "3.7.2-3" "3.9.2-2" "3.11.2-2" "3.14.2-4" "3.15.2-3"]
    "A User Property is left out where it makes the packet larger than the client accepts.";
ProblemInformationHonoured [] ["3.1.2-29"]
    "With Request Problem Information 0 acknowledgements are not explained.";

        }
    };
}
pub(super) use format_rules;
