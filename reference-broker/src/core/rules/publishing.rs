//! Messages from and to clients (§3.3 to §3.7, §4.3 to §4.6, §4.9).

macro_rules! publishing_rules {
    ($next:ident $($more:ident)*; $($rows:tt)*) => {
        $next! { $($more)*; $($rows)*

MaximumQosEnforced [] ["3.2.2-11" "X-3.2.2.3.4-2"]
    "A PUBLISH above the Maximum QoS closes the connection.";
RetainAvailableEnforced [] ["3.2.2-14" "X-3.2.2.3.5-3"]
    "A PUBLISH to be retained closes the connection where messages are not.";
MaximumPacketSizeEnforced [] ["3.2.2-15" "X-3.2.2.3.6-2"]
    "A packet larger than the server's Maximum Packet Size closes the connection.";
ReceiveMaximumEnforced [] ["3.3.4-7" "X-3.3.4-5"]
    "More unfinished messages than the server's Receive Maximum close the connection.";
ResponseTopicValid [] ["3.3.2-14"]
    "A Response Topic with a wildcard closes the connection.";
PayloadFormatValid [] ["X-3.3.2.3.2-2"]
    "A Payload Format Indicator other than 0 and 1, or repeated, closes the connection.";
MessageExpiryOnce [] ["X-3.3.2.3.3-1"]
    "A repeated Message Expiry Interval closes the connection.";
TopicNameNotEmpty ["4.7.3-1"] ["4.7.3-1"]
    "An empty topic name closes the connection.";
TopicNameWithoutWildcards ["3.3.2-2" "4.7.1-1"] ["3.3.2-2" "4.7.0-1"]
    "A topic name with a wildcard closes the connection.";
OwnTopicsNotPublishedTo ["X-4.7.2-1"] ["X-4.7.2-1"]
    "The topics of the server itself, $SYS/, are not for clients to publish to.";
TopicLevelsUnlimited ["X-4.7.3-2"] ["X-4.7.3-2"]
    "A topic name may have any number of levels.";
AllCharactersAccepted ["1.5.3-1"] ["1.5.4-1"]
    "Well-formed strings may contain characters of any length.";
LongLengthsRead ["X-2.2.3-1"] ["X-1.5.5-1"]
    "A Remaining Length may take up to four bytes.";
TopicAliasMaximumEnforced [] ["3.2.2-17" "3.2.2-18" "3.3.2-9" "X-3.3.4-3"]
    "A Topic Alias above the server's Topic Alias Maximum closes the connection.";
EveryAliasAccepted [] ["3.3.2-12"]
    "Every Topic Alias up to the server's Topic Alias Maximum is accepted.";
UnknownAliasRefused [] ["X-3.3.4-4"]
    "A Topic Alias that stands for nothing closes the connection.";
AliasesRemapped [] ["X-3.3.2.3.4-2"]
    "A Topic Alias stands for the topic it was last sent with.";
AliasesEndWithConnection [] ["3.3.2-7"]
    "Topic Aliases last as long as their network connection.";
DeniedPublishRefused [] ["X-4.3.3-1"]
    "A message that may not be published is acknowledged with an error.";
DeniedPublishAnswered ["3.3.5-2"] []
    "A message that may not be published is acknowledged under MQTT 3.1.1.";
RefusedQos2EndsExchange [] ["4.3.3-9"]
    "After a PUBREC with an error its identifier is free.";
IdentifiersIndependent ["X-2.3.1-1"] ["X-2.2.1-3"]
    "Client and server may use the same identifier at the same time.";
Qos0NotAcknowledged ["3.3.4-1"] ["3.3.4-1"]
    "A QoS 0 message is not acknowledged.";
PubackSent ["3.3.4-1" "4.3.2-2"] ["3.3.4-1" "4.3.2-4"]
    "A QoS 1 message is answered with PUBACK.";
PubrecSent ["3.3.4-1" "4.3.3-2"] ["3.3.4-1" "4.3.3-8"]
    "A QoS 2 message is answered with PUBREC.";
PubcompSent ["4.3.3-2"] ["4.3.3-11"]
    "PUBREL is answered with PUBCOMP.";
NoSubscribersOnlyIfNone [] ["X-3.4.2.1-1" "X-3.5.2.1-1"]
    "No matching subscribers is only said where there are none.";
Qos1DupIsNewMessage ["4.3.2-2"] ["4.3.2-5"]
    "After PUBACK a PUBLISH with its identifier is a new message, whatever its DUP.";
Qos2DuplicatesNotPassedOn ["4.3.3-2"] ["4.3.3-10"]
    "A QoS 2 message that comes again before PUBREL is not passed on again.";
Qos2DuplicatesAnswered ["4.3.3-2"] ["4.3.3-10"]
    "A QoS 2 message that comes again before PUBREL is answered again.";
IdentifierFreeAfterPubcomp ["4.3.3-2"] ["4.3.3-12" "X-2.2.1-2"]
    "After PUBCOMP a PUBLISH with its identifier is a new message.";
ExchangeOutlivesExpiry [] ["4.3.3-13"]
    "A QoS 2 exchange goes on when its message has expired.";
UnknownPubrelAnswered ["4.3.3-2"] ["4.3.3-11" "X-3.7.2.1-1"]
    "PUBREL with an unknown identifier is answered with Packet Identifier not found.";
UnknownPubrecAnswered [] ["X-3.6.2.1-1"]
    "PUBREC with an unknown identifier is answered with Packet Identifier not found.";
EverySubscriberServed ["4.5.0-1"] ["4.5.0-1" "X-4.8.1-1"]
    "Every session with a matching subscription gets the message.";
EmptyPayloadAccepted ["X-3.3.3-1"] ["X-3.3.3-1"]
    "A message without payload is passed on.";
GrantedQosIsMaximum ["3.8.4-6"] ["3.8.4-8" "4.8.2-3"]
    "A message is delivered at the lower of its QoS and the granted one.";
HighestQosOfOverlaps ["3.3.5-1"] ["3.3.4-2"]
    "Of overlapping subscriptions the highest QoS counts.";
NoLocalHonoured [] ["3.8.3-3"]
    "With No Local a client does not get its own messages.";
IdentifiersSent [] ["3.3.4-3" "X-3.8.2.1.2-3"]
    "A message carries the Subscription Identifier of its subscription.";
AllIdentifiersSent [] ["3.3.4-4"]
    "A message carries the Subscription Identifiers of all matching subscriptions.";
OwnIdentifierOnEachCopy [] ["3.3.4-5"]
    "Where each subscription brings a copy of its own, that carries its own Subscription Identifier.";
OnlyMatchingIdentifiersSent [] ["X-3.3.4-1" "X-3.3.4-2"]
    "A message carries no other Subscription Identifiers.";
ControlCharactersKept ["X-1.5.3-1"] ["X-1.5.4-1"]
    "Control characters stay where they stand.";
ByteOrderMarkKept ["1.5.3-3"] ["1.5.4-3"]
    "U+FEFF stays where it stands.";
PayloadFormatForwarded [] ["3.3.2-4"]
    "The Payload Format Indicator is forwarded.";
ContentTypeForwarded [] ["3.3.2-20"]
    "The Content Type is forwarded.";
ResponseTopicForwarded [] ["3.3.2-15"]
    "The Response Topic is forwarded.";
ForwardedTopicMatches ["3.3.2-3"] ["3.3.2-3"]
    "A message is forwarded with a topic name that matches the subscription.";
CorrelationDataForwarded [] ["3.3.2-16"]
    "The Correlation Data is forwarded.";
UserPropertiesForwarded [] ["3.3.2-17"]
    "User Properties are forwarded.";
UserPropertiesOrdered [] ["3.3.2-18"]
    "User Properties are forwarded in their order.";
PublishPropertiesInAnyOrder [] ["X-2.2.2.2-4"]
    "The properties of PUBLISH may come in any order.";
Qos0SentOnce ["4.3.1-1"] ["4.3.1-1"]
    "A QoS 0 message is sent once.";
PublishersAliasNotForwarded [] ["3.1.2-27"]
    "The Topic Alias of the publisher is not forwarded.";
AliasesOfEachDirection [] ["X-3.3.2.3.4-3"]
    "The Topic Aliases that a client sets are those of its own messages.";
ExpiryReducedByWait [] ["3.3.2-6"]
    "The Message Expiry Interval is forwarded less the time the message waited.";
ExpiryNotInvented [] ["X-3.3.2.3.3-2"]
    "A message without Message Expiry Interval is forwarded without one.";
ExpiredMessagesDropped [] ["3.3.2-5"]
    "A message that expired before delivery began is dropped.";
SentMessagesDoNotExpire [] ["4.3.3-7"]
    "A message that was sent does not expire any more.";
FirstDeliveryWithoutDup ["3.3.1-3" "4.3.2-1" "4.3.3-1"] ["3.3.1-3" "4.3.2-2" "4.3.3-2"]
    "DUP is 0 when a message is sent for the first time.";
DupOnRedelivery ["3.3.1-1"] ["3.3.1-1"]
    "DUP is 1 when a message is sent again.";
IdentifiersUnused ["2.3.1-4" "4.3.2-1" "4.3.3-1"] ["2.2.1-4" "4.3.2-1" "4.3.3-1" "X-2.2.1-1"]
    "A new message gets an identifier that is not in use.";
SubscriptionIdentifierNotReverted [] ["X-3.8.4-4"]
    "A message that was sent again with another Subscription Identifier does not go back to the former one.";
IdentifierKeptOnRedelivery ["2.3.1-4" "4.4.0-1"] ["4.4.0-1"]
    "A message is sent again with its identifier.";
UnacknowledgedResent ["4.4.0-1" "4.3.2-1"] ["4.4.0-1" "4.3.2-3" "4.3.3-3"]
    "Unacknowledged messages are sent again when the session is resumed.";
PubrelResent ["4.4.0-1" "4.3.3-1"] ["4.4.0-1" "4.3.3-5" "4.8.2-4"]
    "An unacknowledged PUBREL is sent again when the session is resumed.";
NoResendWhileConnected [] ["4.4.0-1"]
    "Nothing is sent again while the connection is open.";
ResendsInOrder ["4.6.0-6"] ["4.6.0-5"]
    "Messages are sent again in the order in which they were first sent.";
QueueInOrder ["4.6.0-5" "4.6.0-6"] ["4.6.0-5" "4.6.0-6"]
    "Messages are sent in the order in which they came.";
PubrelSent ["4.3.3-1"] ["4.3.3-4"]
    "PUBREC is answered with PUBREL.";
RefusedMessageNotReleased [] ["4.3.3-4"]
    "PUBREC with an error is not answered with PUBREL.";
NoPublishAfterPubrel ["4.3.3-1"] ["4.3.3-6"]
    "A message is not sent again after PUBREL.";
RefusalAcknowledges [] ["4.4.0-2"]
    "PUBACK with an error acknowledges its message.";
RefusalConcernsOneMessage [] ["X-4.13.2-1"]
    "PUBACK or PUBREC with an error concerns no other message.";
ShortPubackAccepted [] ["X-3.4.2-1"]
    "PUBACK may leave out its Reason Code and its properties.";
ShortPubrecAccepted [] ["X-3.5.2-1"]
    "PUBREC may leave out its Reason Code and its properties.";
ShortPubrelAccepted [] ["X-3.6.2-1"]
    "PUBREL may leave out its Reason Code and its properties.";
ShortPubcompAccepted [] ["X-3.7.2-1"]
    "PUBCOMP may leave out its Reason Code and its properties.";
AcknowledgementsMatchById ["4.3.2-1"] ["4.3.2-3"]
    "PUBACK acknowledges the message with its identifier only.";
ReceiveMaximumHonoured [] ["3.3.4-9" "4.9.0-2"]
    "No more messages are unacknowledged than the client's Receive Maximum.";
QuotaStartsAboveZero [] ["4.9.0-1"]
    "The send quota starts at the client's Receive Maximum.";
QuotaReturned [] ["X-4.9-1"]
    "Every acknowledgement returns to the send quota what its message took.";
QuotaNeverAboveInitial [] ["X-4.9-1"]
    "The send quota does not rise above its initial value.";
FlowControlStartsAfresh [] ["X-3.1.2.11.3-3" "X-4.9-2"]
    "The client's Receive Maximum applies to its network connection only.";
OthersNotHeldBack [] ["3.3.4-10" "4.9.0-3"]
    "Packets other than PUBLISH are sent whatever the send quota.";
OversizeCountsAsDelivered [] ["3.1.2-25"]
    "A message too large for the client counts as delivered.";
MessagesKeptForAbsent ["3.1.2-5" "X-3.1.2.4-2"] ["X-4.1-1"]
    "QoS 1 and QoS 2 messages are kept for a client that is away.";
IncomingExchangesKept ["X-3.1.2.4-2"] ["X-4.1-1"]
    "Unfinished QoS 2 messages of a client are remembered while it is away.";

        }
    };
}
pub(super) use publishing_rules;
