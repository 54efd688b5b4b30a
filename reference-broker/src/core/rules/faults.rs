//! What closes the connection because a packet does not have the format that the standard gives it.
//!
//! A faulty packet breaks the first of these rules that has its statement.

macro_rules! fault_rules {
    ($next:ident $($more:ident)*; $($rows:tt)*) => {
        $next! { $($more)*; $($rows)*

StringsWellFormed ["1.5.3-1" "3.1.3-4" "3.1.3-10" "3.1.3-11" "3.3.2-1" "3.8.3-1" "3.10.3-1"]
    ["1.5.4-1" "3.1.3-4" "3.1.3-11" "3.1.3-12" "3.3.2-1" "3.3.2-13" "3.3.2-19" "3.8.3-1" "3.10.3-1"]
    "Strings are well-formed UTF-8.";
StringsWithoutNull ["1.5.3-2" "4.7.3-2"] ["1.5.4-2" "4.7.3-2"]
    "Strings do not contain U+0000.";
StringPairsWellFormed [] ["1.5.7-1"]
    "Both strings of a pair are well-formed.";
LengthInFourBytes ["X-2.2.3-1"] ["X-1.5.5-1"]
    "A Variable Byte Integer has at most four bytes.";
LengthMinimal [] ["1.5.5-1"]
    "A Variable Byte Integer takes the fewest bytes.";
FieldsComplete ["X-2.4-1"] ["X-1.5.6-1" "3.1.4-1"]
    "A packet has all its fields and nothing else.";
ReservedTypeRefused ["X-2.2.1-1"] ["X-2.1.2-1"]
    "The types that are reserved are not used.";
ServersPacketsRefused ["X-2.2.1-2"] ["X-2.1.2-2"]
    "A client does not send a server's packets.";
FlagsAsRequired ["2.2.2-2" "2.2.2-1"] ["2.1.3-1"]
    "The flags of the fixed header are as required.";
PubrelFlagsRequired ["3.6.1-1"] ["3.6.1-1"]
    "The flags of PUBREL are as required.";
SubscribeFlagsRequired ["3.8.1-1"] ["3.8.1-1"]
    "The flags of SUBSCRIBE are as required.";
UnsubscribeFlagsRequired ["3.10.1-1"] ["3.10.1-1"]
    "The flags of UNSUBSCRIBE are as required.";
DisconnectFlagsRequired ["3.14.1-1"] ["3.14.1-1"]
    "The flags of DISCONNECT are as required.";
AuthFlagsRequired [] ["3.15.1-1"]
    "The flags of AUTH are as required.";
IdentifierNotZero ["2.3.1-1"] ["2.2.1-3"]
    "Packet Identifiers are not zero.";
AcknowledgedIdentifierNotZero ["2.3.1-6" "X-3.7.2-1"] ["2.2.1-5"]
    "Acknowledgements have an identifier other than zero.";
PropertyLengthRequired [] ["2.2.2-1"]
    "A packet that may have properties has a Property Length.";
PropertyLengthCorrect [] ["X-2.2.2.1-1" "X-2.2.2.2-3"]
    "The Property Length is that of the properties.";
PropertyDefined [] ["X-2.2.2.2-1"]
    "Properties are ones that the standard defines.";
ConnectFlagReserved ["3.1.2-3"] ["3.1.2-3"]
    "The reserved flag of CONNECT is 0.";
WillFieldsPresent ["3.1.2-9"] ["3.1.2-9"]
    "With the Will Flag the will's fields are present.";
NoWillQosWithoutWill ["3.1.2-13" "3.1.2-11"] ["3.1.2-11"]
    "Without the Will Flag the Will QoS is 0.";
NoWillRetainWithoutWill ["3.1.2-15"] ["3.1.2-13"]
    "Without the Will Flag Will Retain is 0.";
WillQosDefined ["3.1.2-14"] ["3.1.2-12"]
    "The Will QoS is not 3.";
UserNamePresent ["3.1.2-19" "3.1.2-18"] ["3.1.2-17" "3.1.2-16"]
    "The User Name Flag says whether there is a User Name.";
PasswordPresent ["3.1.2-21" "3.1.2-20"] ["3.1.2-19" "3.1.2-18"]
    "The Password Flag says whether there is a Password.";
PasswordNeedsUserName ["3.1.2-22"] []
    "Under MQTT 3.1.1 a Password needs a User Name.";
ClientIdentifierPresent ["3.1.3-3"] ["3.1.3-3"]
    "The client identifier is present.";
ConnectPropertiesAllowed [] ["X-3.1.2.11-1" "X-2.2.2.2-2"]
    "CONNECT has only properties of its list.";
SessionExpiryOnce [] ["X-3.1.2.11.2-1"]
    "CONNECT has at most one Session Expiry Interval.";
ReceiveMaximumOnce [] ["X-3.1.2.11.3-1"]
    "CONNECT has at most one Receive Maximum.";
ReceiveMaximumNotZero [] ["X-3.1.2.11.3-2"]
    "The Receive Maximum is not 0.";
MaximumPacketSizeOnce [] ["X-3.1.2.11.4-1"]
    "CONNECT has at most one Maximum Packet Size.";
MaximumPacketSizeNotZero [] ["X-3.1.2.11.4-2"]
    "The Maximum Packet Size is not 0.";
TopicAliasMaximumOnce [] ["X-3.1.2.11.5-1"]
    "CONNECT has at most one Topic Alias Maximum.";
RequestResponseOnce [] ["X-3.1.2.11.6-1"]
    "CONNECT has at most one Request Response Information.";
RequestResponseZeroOrOne [] ["X-3.1.2.11.6-2"]
    "Request Response Information is 0 or 1.";
RequestProblemOnce [] ["X-3.1.2.11.7-1"]
    "CONNECT has at most one Request Problem Information.";
RequestProblemZeroOrOne [] ["X-3.1.2.11.7-2"]
    "Request Problem Information is 0 or 1.";
AuthenticationMethodOnce [] ["X-3.1.2.11.9-1"]
    "CONNECT has at most one Authentication Method.";
AuthenticationDataNeedsMethod [] ["X-3.1.2.11.10-1"]
    "Authentication Data needs an Authentication Method.";
AuthenticationDataOnce [] ["X-3.1.2.11.10-2"]
    "CONNECT has at most one Authentication Data.";
WillPropertiesAllowed [] ["X-3.1.3.2-1"]
    "A will has only properties of its list.";
WillDelayOnce [] ["X-3.1.3.2.2-1"]
    "A will has at most one Will Delay Interval.";
WillPayloadFormatOnce [] ["X-3.1.3.2.3-1"]
    "A will has at most one Payload Format Indicator.";
WillMessageExpiryOnce [] ["X-3.1.3.2.4-1"]
    "A will has at most one Message Expiry Interval.";
WillContentTypeOnce [] ["X-3.1.3.2.5-1"]
    "A will has at most one Content Type.";
WillResponseTopicOnce [] ["X-3.1.3.2.6-1"]
    "A will has at most one Response Topic.";
WillCorrelationDataOnce [] ["X-3.1.3.2.7-1"]
    "A will has at most one Correlation Data.";
PublishQosDefined ["3.3.1-4"] ["3.3.1-4"]
    "The QoS of PUBLISH is not 3.";
NoDupAtQos0 ["3.3.1-2"] ["3.3.1-2"]
    "DUP is 0 at QoS 0.";
TopicOrAlias [] ["X-3.3.2.1-1"]
    "PUBLISH has a topic name or a Topic Alias.";
PublishPropertiesAllowed [] ["X-3.3.2.3-1"]
    "PUBLISH has only properties of its list.";
TopicAliasNotZero [] ["3.3.2-8"]
    "The Topic Alias is not 0.";
TopicAliasOnce [] ["X-3.3.2.3.4-1"]
    "PUBLISH has at most one Topic Alias.";
ResponseTopicOnce [] ["X-3.3.2.3.5-1"]
    "PUBLISH has at most one Response Topic.";
CorrelationDataOnce [] ["X-3.3.2.3.6-1"]
    "PUBLISH has at most one Correlation Data.";
ContentTypeOnce [] ["X-3.3.2.3.9-1"]
    "PUBLISH has at most one Content Type.";
NoIdentifierFromClient [] ["3.3.4-6"]
    "A client's PUBLISH has no Subscription Identifier.";
PubackFormat ["X-3.4.1-1"] ["X-3.4.2.2-1"]
    "PUBACK has its fields and properties only.";
PubackReasonKnown [] ["3.4.2-1"]
    "The code of PUBACK is one of its table.";
PubrecFormat ["X-3.5.1-1"] ["X-3.5.2.2-1"]
    "PUBREC has its fields and properties only.";
PubrecReasonKnown [] ["3.5.2-1"]
    "The code of PUBREC is one of its table.";
PubrelFormat ["X-3.6.1-1"] ["X-3.6.2.2-1"]
    "PUBREL has its fields and properties only.";
PubrelReasonKnown [] ["3.6.2-1"]
    "The code of PUBREL is one of its table.";
PubcompFormat ["X-3.7.1-1"] ["X-3.7.2.2-1"]
    "PUBCOMP has its fields and properties only.";
PubcompReasonKnown [] ["3.7.2-1"]
    "The code of PUBCOMP is one of its table.";
SubscribePropertiesAllowed [] ["X-3.8.2.1-1"]
    "SUBSCRIBE has only properties of its list.";
IdentifierNonZero [] ["X-3.8.2.1.2-1"]
    "The Subscription Identifier is not 0.";
IdentifierOnce [] ["X-3.8.2.1.2-2"]
    "SUBSCRIBE has at most one Subscription Identifier.";
SubscribeHasFilter ["3.8.3-3"] ["3.8.3-2"]
    "SUBSCRIBE has a topic filter.";
SubscribeOptionsValid ["3.8.3-4"] ["3.8.3-5"]
    "The reserved bits of the Subscription Options are 0.";
RequestedQosDefined [] ["X-3.8.3.1-1"]
    "A subscription does not ask for QoS 3.";
RetainHandlingDefined [] ["X-3.8.3.1-2"]
    "Retain Handling is not 3.";
UnsubscribePropertiesAllowed [] ["X-3.10.2.1-1"]
    "UNSUBSCRIBE has only properties of its list.";
UnsubscribeHasFilter ["3.10.3-2"] ["3.10.3-2"]
    "UNSUBSCRIBE has a topic filter.";
PingreqFormat ["X-3.12.1-1"] ["X-3.12.1-1"]
    "PINGREQ has a Remaining Length of 0.";
DisconnectFormat ["X-3.14.1-1"] ["X-3.14.2.2-1"]
    "DISCONNECT has its fields and properties only.";
DisconnectReasonKnown [] ["3.14.2-1"]
    "The code of DISCONNECT is one of its table.";
DisconnectExpiryOnce [] ["X-3.14.2.2.2-1"]
    "DISCONNECT has at most one Session Expiry Interval.";
AuthReasonKnown [] ["3.15.2-1"]
    "The code of AUTH is one of its table.";
AuthPropertiesAllowed [] ["X-3.15.2.2-1"]
    "AUTH has only properties of its list.";
AuthHasMethod [] ["X-3.15.2.2.2-1"]
    "AUTH has its Authentication Method once.";
AuthDataOnce [] ["X-3.15.2.2.3-1"]
    "AUTH has at most one Authentication Data.";

        }
    };
}
pub(super) use fault_rules;
