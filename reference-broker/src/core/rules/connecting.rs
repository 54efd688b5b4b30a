//! CONNECT, CONNACK and AUTH (§3.1, §3.2, §3.15, §4.12).

macro_rules! connecting_rules {
    ($next:ident $($more:ident)*; $($rows:tt)*) => {
        $next! { $($more)*; $($rows)*

FirstPacketIsConnect ["3.1.0-1"] ["3.1.0-1"]
    "A first packet other than CONNECT closes the connection.";
SecondConnectRefused ["3.1.0-2"] ["3.1.0-2"]
    "A second CONNECT closes the connection.";
OneConnackOnly [] ["3.2.0-2"]
    "There is one CONNACK on a network connection.";
UnsupportedVersionRefused ["3.1.2-1" "3.1.2-2"] ["3.1.2-1" "3.1.2-2"]
    "A protocol name or level that is not MQTT 3.1.1 or 5.0 is refused.";
UnsupportedLevelAnswered ["3.1.2-2"] []
    "An unknown protocol level is answered with return code 0x01.";
UnsupportedVersionAnswered ["3.1.2-2" "X-3.2.2.3-1"] []
    "A known version that is not offered is answered with return code 0x01.";
MalformedConnectNotAnswered ["3.1.4-1" "3.2.2-6"] []
    "A CONNECT that does not conform gets no CONNACK.";
PropertiesInAnyOrder [] ["X-2.2.2.2-4"]
    "Properties may come in any order.";
UserPropertiesRepeat [] ["X-3.1.2.11.8-1"]
    "The User Property may be repeated.";
ConnectFieldsInOrder ["3.1.3-1"] ["3.1.3-1"]
    "The fields of the payload are read in the standard's order.";
PlainIdentifiersAccepted ["3.1.3-5"] ["3.1.3-5"]
    "Client identifiers of up to 23 letters and digits are accepted.";
EmptyIdentifierNeedsCleanSession ["3.1.3-7" "3.1.3-8"] []
    "An empty client identifier is refused without Clean Session.";
RejectedIdentifierAnswered ["3.1.3-8" "3.1.3-9" "X-3.2.2.3-1"] []
    "A client identifier that is not accepted is answered with return code 0x02.";
AssignedIdentifiersUnique ["3.1.3-6"] ["3.1.3-6" "3.2.2-16"]
    "Every client that brings no identifier gets one that no other has.";
AssignedIdentifierKept [] ["3.1.3-7"]
    "A client can come back with the identifier that it got.";
AssignedIdentifierTold [] ["3.1.3-7" "3.2.2-16"]
    "The client is told the identifier that it got.";
WillTopicValid ["4.7.1-1" "4.7.3-1"] ["4.7.0-1" "4.7.3-1"]
    "A Will Topic is a topic name.";
WillResponseTopicValid [] ["3.3.2-14"]
    "The Response Topic of a will has no wildcard.";
WillQosWithinMaximum [] ["3.2.2-12"]
    "A Will QoS above the Maximum QoS is refused.";
WillRetainNeedsSupport [] ["3.2.2-13"]
    "A will to be retained is refused where messages are not.";
PasswordIsBinary ["X-3.1.3.5-1"] ["X-3.1.3.6-1"]
    "The Password may hold any bytes.";
PasswordMayStandAlone [] ["3.1.4-5"]
    "A Password may come without a User Name.";
CredentialsChecked ["X-3.1.4-2"] ["3.1.4-2" "X-4.12-1"]
    "A client that does not prove who it is is refused.";
RefusalAnswered ["X-3.1.4-2" "X-3.2.2.3-1"] ["X-4.13.1-2"]
    "A refusal says why, where the version has a code for it.";
RefusalCloses ["3.2.2-5"] ["3.2.2-7" "3.1.3-8" "4.13.2-1"]
    "The connection is closed after a CONNACK that refuses.";
NoSessionPresentInRefusal ["3.2.2-4"] ["3.2.2-6"]
    "A CONNACK that refuses has Session Present 0.";
NothingProcessedAfterRefusal ["3.1.4-5"] ["3.1.4-6"]
    "What follows a refused CONNECT is not processed.";
NoDisconnectBeforeConnack [] ["3.14.0-1"]
    "The server sends no DISCONNECT before a CONNACK of success.";
PlainConnectAccepted ["3.1.4-4"] ["3.1.4-5"]
    "A CONNECT with nothing in it but what is required is accepted.";
AcceptedConnectAnswered ["3.1.4-4" "3.2.0-1"] ["3.1.4-5" "3.2.0-1"]
    "A CONNECT that is accepted is answered with CONNACK.";
ConnackComesFirst ["3.2.0-1"] ["3.2.0-1"]
    "CONNACK is the first packet that the server sends.";
PipelinedPacketsProcessed ["X-3.1.4-3"] ["X-3.1.4-4"]
    "What is sent right behind CONNECT is processed after it.";
ConnectAwaitedForALimitedTime ["X-3.1.4-1"] ["X-3.1.4-1"]
    "A connection without CONNECT is closed after a time.";
NoSessionPresentAfterCleanStart ["3.2.2-1"] ["3.2.2-2"]
    "Session Present is 0 after Clean Start 1.";
SessionPresentWhenResumed ["3.2.2-2"] ["3.2.2-3"]
    "Session Present is 1 when a session is resumed.";
NoSessionPresentWhenNew ["3.2.2-3"] ["3.2.2-3"]
    "Session Present is 0 when there was no session.";
CleanStartDiscardsSession ["3.1.2-6" "3.1.4-3"] ["3.1.2-4" "3.1.4-4"]
    "Clean Start 1 discards an existing session.";
SessionResumed ["3.1.2-4" "3.1.3-2"] ["3.1.2-5" "3.1.3-2"]
    "Clean Start 0 resumes an existing session.";
SessionOfItsOwn ["3.1.3-2"] ["3.1.3-2"]
    "A client gets the session of its own identifier.";
SessionCreated ["3.1.2-4"] ["3.1.2-6"]
    "Clean Start 0 makes a session where there is none.";
TakeoverClosesOlder ["3.1.4-2"] ["3.1.4-3"]
    "A client that connects anew has its older connection closed.";
TakeoverTold [] ["X-3.1.4-2"]
    "The older connection is told that its session was taken over.";
MaximumQosTold [] ["3.2.2-9"]
    "A server without QoS 1 or 2 says so.";
MissingFeaturesTold [] ["X-3.2.2.3.5-2" "X-3.2.2.3.11-2" "X-3.2.2.3.12-2" "X-3.2.2.3.13-2"]
    "A server that lacks a feature says so.";
OwnSessionExpiryTold [] ["X-3.2.2.3.2-2"]
    "A client is told a Session Expiry Interval other than its own.";
ResponseInformationOnRequest [] ["3.1.2-28"]
    "Response Information is only sent on request.";
ClientsKeepAliveUsed [] ["3.2.2-22"]
    "Without Server Keep Alive the client's own keep alive is in force.";
KeepAliveEnforced ["3.1.2-24"] ["3.1.2-22"]
    "A client that is silent for one and a half times its keep alive is disconnected.";
KeepAliveOneAndAHalf ["3.1.2-24"] ["3.1.2-22"]
    "A client may be silent for one and a half times its keep alive.";
KeepAliveZeroIsOff ["X-3.1.2.10-1"] ["X-3.1.2.10-1"]
    "A client with keep alive 0 may be silent.";
AnyPacketKeepsAlive ["3.1.2-24"] ["3.1.2-22"]
    "Every packet of a client keeps its connection alive.";
OnlyTheClientKeepsAlive ["3.1.2-24"] ["3.1.2-22"]
    "What the server sends does not count for the keep alive of a client.";
KeepAliveTimeoutTold [] ["X-4.13.1-1"]
    "A client that was silent for too long is told so.";
UnknownMethodRefused [] ["4.12.0-1"]
    "An Authentication Method that is not known is refused.";
QuestionContinues [] ["4.12.0-2" "3.15.2-1"]
    "The server asks for more with Continue authentication.";
OtherServerNamed [] ["X-4.11-1"]
    "A client that is sent to another server is told which.";
OnlyAuthBeforeConnack [] ["3.1.2-30"]
    "A client that is being authenticated sends AUTH or DISCONNECT only.";
AnswerContinues [] ["4.12.0-3"]
    "The client answers with Continue authentication.";
MethodStaysTheSame [] ["4.12.0-5"]
    "The Authentication Method stays that of CONNECT.";
WrongAnswerRefused [] ["4.12.0-4"]
    "A wrong answer is refused.";
AuthenticationMethodEchoed [] ["4.12.0-5"]
    "CONNACK has the Authentication Method of CONNECT.";
NoMethodWithoutRequest [] ["4.12.0-6"]
    "CONNACK has no Authentication Method if CONNECT had none.";
NoAuthWithoutMethod [] ["4.12.0-7" "X-3.15-1"]
    "AUTH closes the connection if CONNECT had no Authentication Method.";
ReauthenticationKeepsMethod [] ["4.12.1-1"]
    "Authenticating anew uses the same method.";
ReauthenticationAnswered [] ["X-4.12.1-1"]
    "The server answers a client that authenticates anew.";
FailedReauthenticationCloses [] ["4.12.1-2"]
    "Failing to authenticate anew closes the connection.";

        }
    };
}
pub(super) use connecting_rules;
