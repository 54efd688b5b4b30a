//! Reason Codes by the names that both give them.

use mqttspec_wire::{QoS, ReasonCode as R};
use rumqttc::v5::mqttbytes::v5::{
    ConnectReturnCode as C, DisconnectReasonCode as D, PubAckReason, PubCompReason, PubRecReason,
    PubRelReason, SubscribeReasonCode as S, UnsubAckReason as U,
};

/// One row a code: our name, theirs.
macro_rules! reasons {
    ($function:ident -> $theirs:ident { $($ours:ident $name:ident)* }) => {
        pub(crate) fn $function(code: R) -> $theirs {
            match code {
                $(R::$ours => $theirs::$name,)*
                other => panic!("{other} is not a code of this packet"),
            }
        }
    };
}

reasons! { connack -> C {
    SUCCESS Success
    UNSPECIFIED_ERROR UnspecifiedError
    MALFORMED_PACKET MalformedPacket
    PROTOCOL_ERROR ProtocolError
    IMPLEMENTATION_SPECIFIC_ERROR ImplementationSpecificError
    UNSUPPORTED_PROTOCOL_VERSION UnsupportedProtocolVersion
    CLIENT_IDENTIFIER_NOT_VALID ClientIdentifierNotValid
    BAD_USER_NAME_OR_PASSWORD BadUserNamePassword
    NOT_AUTHORIZED NotAuthorized
    SERVER_UNAVAILABLE ServerUnavailable
    SERVER_BUSY ServerBusy
    BANNED Banned
    BAD_AUTHENTICATION_METHOD BadAuthenticationMethod
    TOPIC_NAME_INVALID TopicNameInvalid
    PACKET_TOO_LARGE PacketTooLarge
    QUOTA_EXCEEDED QuotaExceeded
    PAYLOAD_FORMAT_INVALID PayloadFormatInvalid
    RETAIN_NOT_SUPPORTED RetainNotSupported
    QOS_NOT_SUPPORTED QoSNotSupported
    USE_ANOTHER_SERVER UseAnotherServer
    SERVER_MOVED ServerMoved
    CONNECTION_RATE_EXCEEDED ConnectionRateExceeded
} }

reasons! { puback -> PubAckReason {
    SUCCESS Success
    NO_MATCHING_SUBSCRIBERS NoMatchingSubscribers
    UNSPECIFIED_ERROR UnspecifiedError
    IMPLEMENTATION_SPECIFIC_ERROR ImplementationSpecificError
    NOT_AUTHORIZED NotAuthorized
    TOPIC_NAME_INVALID TopicNameInvalid
    PACKET_IDENTIFIER_IN_USE PacketIdentifierInUse
    QUOTA_EXCEEDED QuotaExceeded
    PAYLOAD_FORMAT_INVALID PayloadFormatInvalid
} }

reasons! { pubrec -> PubRecReason {
    SUCCESS Success
    NO_MATCHING_SUBSCRIBERS NoMatchingSubscribers
    UNSPECIFIED_ERROR UnspecifiedError
    IMPLEMENTATION_SPECIFIC_ERROR ImplementationSpecificError
    NOT_AUTHORIZED NotAuthorized
    TOPIC_NAME_INVALID TopicNameInvalid
    PACKET_IDENTIFIER_IN_USE PacketIdentifierInUse
    QUOTA_EXCEEDED QuotaExceeded
    PAYLOAD_FORMAT_INVALID PayloadFormatInvalid
} }

reasons! { pubrel -> PubRelReason {
    SUCCESS Success
    PACKET_IDENTIFIER_NOT_FOUND PacketIdentifierNotFound
} }

reasons! { pubcomp -> PubCompReason {
    SUCCESS Success
    PACKET_IDENTIFIER_NOT_FOUND PacketIdentifierNotFound
} }

pub(crate) fn suback(code: R) -> S {
    QoS::new(code.0).map_or_else(|| refused(code), |qos| S::Success(super::qos(qos)))
}

reasons! { refused -> S {
    UNSPECIFIED_ERROR Unspecified
    IMPLEMENTATION_SPECIFIC_ERROR ImplementationSpecific
    NOT_AUTHORIZED NotAuthorized
    TOPIC_FILTER_INVALID TopicFilterInvalid
    PACKET_IDENTIFIER_IN_USE PkidInUse
    QUOTA_EXCEEDED QuotaExceeded
    SHARED_SUBSCRIPTIONS_NOT_SUPPORTED SharedSubscriptionsNotSupported
    SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED SubscriptionIdNotSupported
    WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED WildcardSubscriptionsNotSupported
} }

reasons! { unsuback -> U {
    SUCCESS Success
    NO_SUBSCRIPTION_EXISTED NoSubscriptionExisted
    UNSPECIFIED_ERROR UnspecifiedError
    IMPLEMENTATION_SPECIFIC_ERROR ImplementationSpecificError
    NOT_AUTHORIZED NotAuthorized
    TOPIC_FILTER_INVALID TopicFilterInvalid
    PACKET_IDENTIFIER_IN_USE PacketIdentifierInUse
} }

reasons! { disconnect -> D {
    SUCCESS NormalDisconnection
    DISCONNECT_WITH_WILL_MESSAGE DisconnectWithWillMessage
    UNSPECIFIED_ERROR UnspecifiedError
    MALFORMED_PACKET MalformedPacket
    PROTOCOL_ERROR ProtocolError
    IMPLEMENTATION_SPECIFIC_ERROR ImplementationSpecificError
    NOT_AUTHORIZED NotAuthorized
    SERVER_BUSY ServerBusy
    SERVER_SHUTTING_DOWN ServerShuttingDown
    KEEP_ALIVE_TIMEOUT KeepAliveTimeout
    SESSION_TAKEN_OVER SessionTakenOver
    TOPIC_FILTER_INVALID TopicFilterInvalid
    TOPIC_NAME_INVALID TopicNameInvalid
    RECEIVE_MAXIMUM_EXCEEDED ReceiveMaximumExceeded
    TOPIC_ALIAS_INVALID TopicAliasInvalid
    PACKET_TOO_LARGE PacketTooLarge
    MESSAGE_RATE_TOO_HIGH MessageRateTooHigh
    QUOTA_EXCEEDED QuotaExceeded
    ADMINISTRATIVE_ACTION AdministrativeAction
    PAYLOAD_FORMAT_INVALID PayloadFormatInvalid
    RETAIN_NOT_SUPPORTED RetainNotSupported
    QOS_NOT_SUPPORTED QoSNotSupported
    USE_ANOTHER_SERVER UseAnotherServer
    SERVER_MOVED ServerMoved
    SHARED_SUBSCRIPTIONS_NOT_SUPPORTED SharedSubscriptionNotSupported
    CONNECTION_RATE_EXCEEDED ConnectionRateExceeded
    MAXIMUM_CONNECT_TIME MaximumConnectTime
    SUBSCRIPTION_IDENTIFIERS_NOT_SUPPORTED SubscriptionIdentifiersNotSupported
    WILDCARD_SUBSCRIPTIONS_NOT_SUPPORTED WildcardSubscriptionsNotSupported
} }
