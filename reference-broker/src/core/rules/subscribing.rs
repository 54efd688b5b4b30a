//! SUBSCRIBE, UNSUBSCRIBE, topic filters and Shared Subscriptions (§3.8 to §3.11, §4.7, §4.8).

macro_rules! subscribing_rules {
    ($next:ident $($more:ident)*; $($rows:tt)*) => {
        $next! { $($more)*; $($rows)*

SubackSent ["3.8.4-1"] ["3.8.4-1"]
    "SUBSCRIBE is answered with SUBACK.";
SubackCodeForEachFilter ["3.8.4-5"] ["3.8.4-6"]
    "SUBACK has a code for each topic filter.";
SubackCodesInOrder ["3.9.3-1"] ["3.9.3-1"]
    "The codes of SUBACK are in the order of the topic filters.";
NoMoreGrantedThanAsked ["X-3.8.4-2"] ["3.8.4-7"]
    "No higher QoS is granted than was asked for.";
EveryFilterSubscribed ["3.8.4-4"] ["3.8.4-5"]
    "A SUBSCRIBE with several filters is like several with one each.";
SubscribePropertiesInAnyOrder [] ["X-2.2.2.2-4"]
    "The properties of SUBSCRIBE may come in any order.";
AnyRequestedQosAccepted [] ["3.2.2-10"]
    "A subscription may ask for a QoS above the server's Maximum QoS.";
SubscriptionReplaced ["3.8.4-3"] ["3.8.4-3"]
    "A subscription with the same filter replaces the earlier one.";
IdentifierReplaced [] ["X-3.8.4-3"]
    "A subscription made again without Subscription Identifier has none.";
ReplacingLosesNothing ["3.8.4-3"] ["3.8.4-4"]
    "Replacing a subscription loses no message.";
IdentifierEndsWithSubscription [] ["X-3.8.4-3"]
    "A Subscription Identifier ends with its subscription.";
DeniedSubscriptionRefused [] ["3.8.4-7"]
    "A subscription that is not allowed is refused by its code.";
IdentifiersNeedSupport [] ["X-3.2.2.3.12-2"]
    "A Subscription Identifier closes the connection where there are none.";
SharesNeedSupport [] ["X-3.2.2.3.13-2"]
    "A Shared Subscription closes the connection where there are none.";
WildcardsNeedSupport ["3.8.3-2"] ["X-3.2.2.3.11-2"]
    "A wildcard is refused where there are no wildcard subscriptions.";
NoLocalNotShared [] ["3.8.3-4"]
    "No Local on a Shared Subscription closes the connection.";
FilterNotEmpty ["4.7.3-1"] ["4.7.3-1"]
    "An empty topic filter closes the connection.";
UnsubscribedFilterNotEmpty ["4.7.3-1"] ["4.7.3-1"]
    "An empty topic filter to unsubscribe closes the connection.";
HashIsLastLevel ["4.7.1-2"] ["4.7.1-1"]
    "A filter with `#` elsewhere than alone in its last level is refused.";
PlusFillsLevel ["4.7.1-3"] ["4.7.1-2"]
    "A filter with `+` beside other characters is refused.";
ShareNameValid [] ["4.8.2-1" "4.8.2-2"]
    "A Shared Subscription without a valid ShareName and filter is refused.";
HashMatchesParent ["4.7.1-2"] ["4.7.1-1"]
    "`#` matches the level above it and any number below.";
PlusMatchesOneLevel ["4.7.1-3"] ["4.7.1-2"]
    "`+` matches one level.";
DollarHiddenFromWildcards ["4.7.2-1"] ["4.7.2-1"]
    "A filter that begins with a wildcard does not match a topic name that begins with `$`.";
TopicsNotNormalised ["4.7.3-4" "X-4.7.3-1"] ["4.7.3-4" "X-4.7.3-1"]
    "Topics match character by character.";
SlashesDistinguish ["X-4.7.3-1"] ["X-4.7.3-1"]
    "A leading or trailing `/` makes another topic.";
UnsubackSent ["3.10.4-4"] ["3.10.4-4"]
    "UNSUBSCRIBE is answered with UNSUBACK.";
UnsubackEvenIfNothing ["3.10.4-5"] ["3.10.4-5"]
    "UNSUBSCRIBE is answered even if it ends no subscription.";
UnsubackCodeForEachFilter [] ["3.11.3-2"]
    "UNSUBACK has a code for each topic filter.";
UnsubackCodesInOrder [] ["3.11.3-1"]
    "The codes of UNSUBACK are in the order of the topic filters.";
UnsubscribingNothingTold [] ["X-3.11.3-1"]
    "UNSUBACK says where no subscription existed.";
EveryFilterUnsubscribed ["3.10.4-6"] ["3.10.4-6"]
    "An UNSUBSCRIBE with several filters is like several with one each.";
UnsubscribeComparesTexts ["3.10.4-1"] ["3.10.4-1"]
    "UNSUBSCRIBE ends the subscription whose filter is the same text.";
UnsubscribeStopsMessages ["3.10.4-2"] ["3.10.4-2"]
    "After UNSUBSCRIBE no new messages are added.";
SentMessagesFinished ["3.10.4-3"] ["3.10.4-3"]
    "After UNSUBSCRIBE the delivery of messages that were sent is finished.";
UnsubscribeLeavesShare [] ["X-3.10.4-1"]
    "Unsubscribing a Shared Subscription leaves it.";
ShareDeliversOnce [] ["X-4.8.2-1"]
    "A message goes to one member of a Shared Subscription.";
SharesSeparate [] ["X-4.8.2-2"]
    "Shared Subscriptions with other filters are other ones.";
SharedBesidePlain [] ["X-4.8.2-2"]
    "A client's Shared Subscription and its Non-shared one each bring a message.";
ShareMemberOnce [] ["X-4.8.2-3"]
    "A session is a member of a Shared Subscription once.";
ShareOutlivesMembers [] ["X-4.8.2-5"]
    "A Shared Subscription lives as long as it has a member.";
ShareEndsWithLastSession [] ["X-4.8.2-5"]
    "What a Shared Subscription could not deliver ends with its last session.";
SharePrefixNotMatched [] ["X-4.8.2-6"]
    "`$share` and the ShareName take no part in matching.";
ShareGetsNoRetained [] ["X-3.8.4-2"]
    "A Shared Subscription brings no retained messages.";
ShareWaitsForMember [] ["4.8.2-4"]
    "A QoS 2 message on its way to a member waits for it to return.";
ShareQos2NotMoved [] ["4.8.2-5"]
    "A QoS 2 message on its way is not moved when its member's session ends.";
ShareMovesOnSessionEnd [] ["X-4.8.2-4"]
    "A QoS 1 message moves to another member when its member's session ends.";
ShareRefusalFinal [] ["4.8.2-6"]
    "A message that its member refuses is not given to another.";

        }
    };
}
pub(super) use subscribing_rules;
