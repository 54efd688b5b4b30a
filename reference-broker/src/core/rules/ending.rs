//! PINGREQ, DISCONNECT, errors and the end of sessions (§3.12 to §3.14, §4.1, §4.13).

macro_rules! ending_rules {
    ($next:ident $($more:ident)*; $($rows:tt)*) => {
        $next! { $($more)*; $($rows)*

PingreqAnswered ["3.12.4-1"] ["3.12.4-1"]
    "PINGREQ is answered with PINGRESP.";
ClosesAfterClientsDisconnect ["X-3.14.4-1"] ["X-3.14.4-1"]
    "The connection is closed after the client's DISCONNECT.";
ShortDisconnectAccepted [] ["X-3.14.2.1-1"]
    "DISCONNECT may leave out its Reason Code and its properties.";
DisconnectChangesExpiry [] ["X-3.14.2.2.2-3"]
    "DISCONNECT can change the Session Expiry Interval.";
ExpiryNotRaisedFromZero [] ["X-3.14.2.2.2-2"]
    "DISCONNECT cannot raise a Session Expiry Interval of 0.";
ErrorReasonTold [] ["X-4.13.1-1"]
    "An error is named in DISCONNECT before the connection is closed.";
ClosesAfterError ["4.8.0-1"] ["4.13.1-1" "4.13.2-1" "3.14.4-2"]
    "An error closes the connection.";
OthersUnaffectedByError ["X-4.8-1"] ["X-4.13.1-4"]
    "An error of one client does not disturb others.";
NothingAfterDisconnect [] ["3.14.4-1"]
    "The server sends nothing after DISCONNECT.";
ServerNeverDisconnectsV3 ["X-7.1.1-1"] []
    "Under MQTT 3.1.1 the server sends no DISCONNECT.";
ServerNeverPings ["X-7.1.1-1"] ["X-7.1.1-1"]
    "The server sends PINGRESP, not PINGREQ.";
SessionEndsWithConnection ["3.1.2-6"] ["X-3.1.2.11.2-2" "4.1.0-2"]
    "A session of Clean Session 1 or Session Expiry Interval 0 ends with its connection.";
SessionOutlivesConnection ["3.1.2-4" "4.1.0-1"] ["3.1.2-23"]
    "A session is kept after its connection.";
EmptySessionKept ["3.1.2-4" "4.1.0-1"] ["3.1.2-23"]
    "A session is kept after its connection, even one that holds nothing.";
SessionExpires [] ["4.1.0-2"]
    "A session ends when its Session Expiry Interval is over.";
LargestExpiryIsForever ["3.1.2-4"] ["X-3.1.2.11.2-3"]
    "A Session Expiry Interval of 0xFFFFFFFF does not end.";
SessionKeptWhileConnected ["4.1.0-2"] ["4.1.0-1"]
    "A session does not end while its connection is open.";

        }
    };
}
pub(super) use ending_rules;
