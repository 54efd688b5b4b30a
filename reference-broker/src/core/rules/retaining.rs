//! Retained messages and wills (§3.3.1.3, §3.1.2.5).

macro_rules! retaining_rules {
    ($next:ident $($more:ident)*; $($rows:tt)*) => {
        $next! { $($more)*; $($rows)*

RetainedStored ["3.3.1-5"] ["3.3.1-5" "X-3.2.2.3.5-2"]
    "A message with RETAIN 1 is stored.";
RetainedReplaced ["3.3.1-5"] ["3.3.1-5"]
    "A newer message replaces the retained one.";
Qos0Retained ["3.3.1-7"] ["X-3.3.1.3-1"]
    "A QoS 0 message with RETAIN 1 is stored.";
EmptyPayloadClears ["3.3.1-10"] ["3.3.1-6"]
    "A message with RETAIN 1 and no payload removes the retained one.";
EmptyPayloadNotRetained ["3.3.1-11"] ["3.3.1-7"]
    "A message without payload is not stored.";
ClearingMessagePassedOn ["3.3.1-10"] ["3.3.1-6"]
    "A message that removes the retained one is delivered like any other.";
OnlyRetainTouchesStore ["3.3.1-12"] ["3.3.1-8"]
    "A message with RETAIN 0 leaves the retained one alone.";
RetainedSentOnSubscribe ["3.3.1-6"] ["3.3.1-9"]
    "A new subscription brings the retained messages that it matches.";
RetainedSentAgain ["3.8.4-3"] ["3.8.4-4" "3.3.1-9"]
    "A subscription made again brings the retained messages again.";
RetainedOnlyIfNew [] ["3.3.1-10"]
    "With Retain Handling 1 only a new subscription brings retained messages.";
UnsubscribedIsNewAgain [] ["3.3.1-10"]
    "A subscription made after UNSUBSCRIBE is new, so that it brings retained messages.";
RetainedNotSent [] ["3.3.1-11"]
    "With Retain Handling 2 a subscription brings no retained messages.";
RetainedFlagged ["3.3.1-8"] ["X-3.3.1.3-3"]
    "A retained message that a subscription brings has RETAIN 1.";
RetainClearedWhenForwarded ["3.3.1-9"] ["3.3.1-12"]
    "A message for an existing subscription has RETAIN 0.";
RetainKeptAsPublished [] ["3.3.1-13"]
    "With Retain As Published a message keeps its RETAIN flag.";
RetainedCarryIdentifier [] ["3.3.4-3"]
    "A retained message carries the Subscription Identifier too.";
RetainedExpires [] ["X-3.3.1.3-2" "3.3.2-5"]
    "A retained message that has expired is gone.";
RetainedStay ["X-4.1-1"] ["3.3.1-9"]
    "Retained messages stay until a client removes them.";
RetainedOutliveSessions ["3.1.2-7"] ["X-4.1-2"]
    "Retained messages do not end with a session.";
WillPublished ["3.1.2-8" "X-3.1.2.5-2"] ["3.1.2-8" "3.1.2-7" "X-3.1.2.5-2"]
    "The will is published when the network connection is lost.";
WillAfterKeepAliveTimeout ["X-3.1.2.5-2"] ["X-3.1.2.5-2"]
    "The will is published after a keep alive timeout.";
WillAfterError ["X-3.1.2.5-2"] ["X-3.1.2.5-2"]
    "The will is published when the server closes because of an error.";
WillAfterTakeover ["3.1.2-8"] ["X-3.1.4-3"]
    "The will of a connection that is taken over is published.";
WillAfterOtherDisconnect [] ["X-3.14-1"]
    "The will is published after a DISCONNECT with a reason other than 0x00.";
DisconnectDiscardsWill ["3.14.4-3"] ["3.14.4-3"]
    "The will is not published after a normal DISCONNECT.";
DisconnectDeletesWill ["3.1.2-10" "3.1.2-12"] ["3.1.2-10"]
    "A normal DISCONNECT deletes the will.";
WillDeletedOncePublished ["3.1.2-10"] ["3.1.2-10"]
    "The will is deleted when it is published.";
WillPrompt ["X-3.1.2.5-1"] ["X-3.1.2.5-1" "X-3.1.3.2.2-2"]
    "A will without delay is published at once.";
WillDelayed [] ["3.1.2-8" "3.1.3-9"]
    "The will waits for its Will Delay Interval.";
WillAtSessionEnd [] ["3.1.2-8" "3.1.3-9"]
    "The will is published when its session ends before its delay.";
WillCancelledByReturn [] ["3.1.3-9"]
    "The will is not published if the client returns before its delay is over.";
WillQosUsed ["3.1.2-9"] ["3.1.2-7"]
    "The will is published at its QoS.";
WillNotRetained ["3.1.2-16"] ["3.1.2-14"]
    "A will with Will Retain 0 is not retained.";
WillRetained ["3.1.2-17"] ["3.1.2-15"]
    "A will with Will Retain 1 is retained.";
WillPayloadBare ["X-3.1.3.3-1"] ["X-3.1.3.4-1"]
    "The payload of the will is published without its length.";
WillPropertiesPublished [] ["X-3.1.3.2.4-2" "3.1.2-7"]
    "The properties of the will are published.";
WillUserPropertiesOrdered [] ["3.1.3-10"]
    "The User Properties of the will are published in their order.";

        }
    };
}
pub(super) use retaining_rules;
