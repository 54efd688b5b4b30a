//! What outlives the end of the broker itself (§4.1).

macro_rules! lasting_rules {
    ($next:ident $($more:ident)*; $($rows:tt)*) => {
        $next! { $($more)*; $($rows)*

SessionsOutliveRestart ["4.1.0-1"] ["3.1.2-23"]
    "A session outlives the end of the broker.";
SubscriptionsOutliveRestart ["4.1.0-1"] ["X-4.1-1"]
    "The subscriptions of a session outlive the end of the broker.";
SubscriptionOptionsOutliveRestart [] ["X-4.1-1"]
    "The options of a subscription outlive the end of the broker.";
WaitingOutliveRestart ["3.1.2-5"] ["X-4.1-1"]
    "The messages that wait for a client outlive the end of the broker.";
UnacknowledgedOutliveRestart ["4.4.0-1"] ["4.4.0-1"]
    "The messages that a client has not acknowledged outlive the end of the broker.";
ReleasesOutliveRestart ["4.4.0-1"] ["4.4.0-1"]
    "That a client has not answered PUBREL outlives the end of the broker.";
ReceivedOutliveRestart ["4.3.3-2"] ["4.3.3-10"]
    "Which QoS 2 messages have come from a client outlives the end of the broker.";
RetainedOutliveRestart ["X-4.1-1"] ["3.3.1-5"]
    "Retained messages outlive the end of the broker.";
ClearingOutlivesRestart ["3.3.1-10"] ["3.3.1-6"]
    "That a retained message was removed outlives the end of the broker.";
EndOfSessionOutlivesRestart ["3.1.2-6"] ["3.1.2-4"]
    "That a session has ended outlives the end of the broker.";
WillsOutliveRestart ["3.1.2-8"] ["3.1.2-8"]
    "Wills outlive the end of the broker.";
SessionExpiresAfterRestart [] ["4.1.0-2"]
    "A session expires although the broker was restarted.";
SessionAgesAcrossRestart [] ["4.1.0-2"]
    "The time before a restart counts towards the Session Expiry Interval.";
MessageAgesAcrossRestart [] ["3.3.2-6"]
    "The time before a restart counts towards the Message Expiry Interval.";

        }
    };
}
pub(super) use lasting_rules;
