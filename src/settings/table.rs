//! The table of all settings: how each is called, where it is kept, and what it is for.

use super::{Settings, value::Field};

/// What a setting is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Where clients come in.
    Listening,
    /// What the broker offers; profiles restrict it.
    Offer,
    /// Who may do what.
    Access,
    /// How it runs.
    Operation,
    /// What is bounded, and how.
    Limits,
}

impl Group {
    /// All groups, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Listening, Self::Offer, Self::Access, Self::Operation, Self::Limits];

    /// As a heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Listening => "Where clients come in",
            Self::Offer => "What is offered",
            Self::Access => "Who may do what",
            Self::Operation => "How it runs",
            Self::Limits => "Limits",
        }
    }
}

/// A setting.
#[derive(Debug)]
pub struct Setting {
    /// Its key in a file: `maximum-qos`, `limits.connections`.
    pub key: &'static str,
    /// What it is about.
    pub group: Group,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// The smallest number that is allowed, of times in milliseconds, or 1 for a list that may not be empty.
    pub(super) least: u64,
    /// Where it is kept.
    pub(super) field: fn(&mut Settings) -> &mut dyn Field,
}

impl Setting {
    /// The setting with this key.
    pub fn of_key(key: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.key == key)
    }

    /// Its option on the command line, without the dashes: `limits-connections`.
    pub fn flag(&self) -> String {
        self.key.replace('.', "-")
    }

    /// Its environment variable: `MQTTSPEC_BROKER_LIMITS_CONNECTIONS`.
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.key.replace(['.', '-'], "_").to_uppercase())
    }

    /// The setting of an environment variable.
    pub fn of_variable(name: &str) -> Option<&'static Self> {
        SETTINGS.iter().find(|setting| setting.variable() == name)
    }

    /// Whether it is a list.
    pub fn holds_several(&self) -> bool {
        (self.field)(&mut Settings::default()).holds_several()
    }

    /// What can stand there.
    pub fn allowed(&self) -> String {
        (self.field)(&mut Settings::default()).allowed()
    }

    /// What is set, as TOML; `None` if nothing is.
    pub fn show(&self, settings: &Settings) -> Option<String> {
        (self.field)(&mut settings.clone()).show()
    }
}

/// How the names of all environment variables begin.
pub const PREFIX: &str = "MQTTSPEC_BROKER_";

/// Makes the table: the key, the smallest number if there is one, the place, and the sentence.
macro_rules! settings {
    ($($group:ident { $($key:literal $(>= $least:literal)? => $($field:ident).+, $about:literal;)* })*) => {
        /// All settings.
        pub static SETTINGS: &[Setting] = &[$($(Setting {
            key: $key,
            group: Group::$group,
            about: $about,
            least: 0 $(+ $least)?,
            field: |settings| &mut settings.$($field).+,
        }),*),*];
    };
}

settings! {
    Listening {
        "listen" >= 1 => listen, "Where to listen; port 0 is any free port.";
        "cert" => cert, "The certificate for mqtts:// and wss://, in PEM, with those that lead to its authority behind it.";
        "key" => key, "The private key of the certificate, in PEM.";
        "client-ca" => client_ca, "Certificates of authorities, in PEM: over TLS only clients with a certificate of one of them come in.";
        "certificate-identity" => certificate_identity, "Whether the common name of a client's certificate is its user name, which needs no password then; a place to listen at can differ with `?identity=true` or `?identity=false`.";
    }
    Offer {
        "profile" => profile, "Settings to begin with: a built-in profile, which restricts the broker as a service is restricted.";
        "versions" >= 1 => versions, "The versions of MQTT that are spoken.";
        "maximum-qos" => config.maximum_qos, "The highest QoS of messages and wills, and of granted subscriptions.";
        "above-maximum-qos" => config.above_maximum_qos, "What becomes of a SUBSCRIBE that asks for more than the Maximum QoS: it is granted less, or not answered, which breaks the standard.";
        "retain" => config.retain, "Whether messages are retained.";
        "retained-for-wildcards" => config.retained_for_wildcards, "Whether subscriptions with wildcards get retained messages, as the standard wants it.";
        "wills" => config.wills, "Whether clients may have wills.";
        "wildcard-subscriptions" => config.wildcard_subscriptions, "Whether topic filters may contain wildcards.";
        "subscription-identifiers" => config.subscription_identifiers, "Whether there are Subscription Identifiers.";
        "shared-subscriptions" => config.shared_subscriptions, "Whether there are Shared Subscriptions.";
        "copy-for-each-subscription" => config.copy_for_each_subscription, "Whether a client gets a copy of a message for each of its subscriptions that match, and not one for all.";
        "topic-alias-maximum" => config.topic_alias_maximum, "How many Topic Aliases a client may set.";
        "receive-maximum" >= 1 => config.receive_maximum, "How many QoS 1 and 2 messages a client may have unacknowledged.";
        "maximum-packet-size" >= 64 => config.maximum_packet_size, "The largest packet that is accepted, in bytes.";
        "session-expiry-maximum" => config.session_expiry_maximum, "The longest time in seconds that sessions outlive their network connection.";
        "server-keep-alive" >= 1 => config.server_keep_alive, "The keep alive in seconds that clients of MQTT 5.0 must use instead of their own.";
        "keep-alive-maximum" >= 1 => config.keep_alive_maximum, "The longest keep alive in seconds; who asks for more, or for none, gets this.";
        "response-information" => config.response_information, "What a client gets that requests Response Information.";
        "client-id-maximum" >= 23 => config.client_id_maximum, "The longest client identifier, in bytes.";
        "client-id-pattern" => config.client_id_pattern, "What the client identifiers that clients bring must match.";
        "assigned-client-ids" => config.assigned_client_ids, "Whether clients that bring no client identifier get one.";
        "queue-qos-0" => config.queue_qos_0, "Whether QoS 0 messages are kept for clients that are away.";
        "break" => broken, "Rules to break on purpose, to see who notices; `mqttspec broker rules` lists them.";
    }
    Access {
        "scram" => scram, "Users who prove by SCRAM-SHA-256 that they know their password: a file with a line for each, made by `mqttspec broker scram`.";
        "passwords" => passwords, "Users and the argon2 hashes of their passwords: a file with a line for each, made by `mqttspec broker passwd`.";
        "anonymous" => anonymous, "Whether clients without a user name are let in; if it is not said, they are unless there are users.";
        "acl" => config.permissions, "Who may publish (write) and subscribe (read) to what: the first rule that fits decides, and what none fits is refused. Without rules everything is allowed.";
    }
    Operation {
        "store" => store, "The file in which sessions, retained messages, wills and messages on their way are kept, so that they outlive the broker; it is made if it is not there. What is acknowledged is on disk. If not set, all is gone when the broker ends.";
        "explain" => explain, "A file for a log that tells of every packet which rules had a say in what became of it; `-` is standard output.";
        "connect-timeout" >= 1 => config.connect_timeout, "How long a network connection may take until its CONNECT is accepted.";
        "slow-reader-timeout" >= 1 => config.slow_reader_timeout, "How long a client may hold others back without progress before it is disconnected.";
        "log" => log, "How much is logged, on standard error: who comes, goes and is refused is `info`, what clients may not do is `debug`.";
        "log-format" => log_format, "Whether the log is text or lines of JSON.";
        "metrics" => metrics, "Where `/metrics` (for Prometheus) and `/health` are served over HTTP.";
        "statistics-interval" => config.statistics_interval, "How often the `$SYS` topics are published; `0s` is never.";
        "redirect" => redirect, "Another server, as a Server Reference, to which all clients are sent instead of being served.";
        "redirect-for-good" => redirect_for_good, "Whether clients are told that the server has moved there.";
        "redirect-at-shutdown" => redirect_at_shutdown, "Whether clients are served until the broker ends, and only then sent there.";
    }
    Limits {
        "limits.connections" >= 1 => config.limits.connections, "Network connections.";
        "limits.connect-bytes" >= 64 => config.limits.connect_bytes, "Bytes of a CONNECT, and of an AUTH before the CONNACK, if `maximum-packet-size` is not less.";
        "limits.sessions" >= 1 => config.limits.sessions, "Sessions, with and without a network connection.";
        "limits.subscriptions" >= 1 => config.limits.subscriptions, "Subscriptions of one session.";
        "limits.all-subscription-bytes" >= 1 => config.limits.all_subscription_bytes, "Bytes of the subscriptions of all sessions together: those of each topic filter, and 128 more.";
        "limits.filters-per-subscribe" >= 1 => config.limits.filters_per_subscribe, "Topic filters in one SUBSCRIBE; further ones are refused.";
        "limits.topic-levels" >= 1 => config.limits.topic_levels, "Topic levels in the trees of all subscriptions and of all retained messages, each.";
        "limits.levels-per-topic" >= 1 => config.limits.levels_per_topic, "Levels of one topic name or topic filter.";
        "limits.bytes-per-topic" >= 1 => config.limits.bytes_per_topic, "Bytes of one topic name or topic filter.";
        "limits.retained" => config.limits.retained, "Retained messages; of further ones the publisher is told, or else they are passed on, but not retained.";
        "limits.retained-bytes" => config.limits.retained_bytes, "Bytes of all retained messages, with their topic names and properties.";
        "limits.in-flight" >= 1 => config.limits.in_flight, "QoS 1 and 2 messages that one client has been sent and has not acknowledged.";
        "limits.queued-messages" => config.limits.queued_messages, "Messages that wait for one session; further ones are dropped, and counted.";
        "limits.queued-bytes" => config.limits.queued_bytes, "Bytes of the messages that wait for one session, with their topic names and properties, and 128 more for each; further messages are dropped, and counted.";
        "limits.all-queued-bytes" => config.limits.all_queued_bytes, "The same for all sessions together, with what clients that are away have not acknowledged, and wills; further messages are dropped, and counted, and clients with further wills are refused.";
        "limits.backlog" >= 1 => config.limits.backlog, "Bytes that may wait for a connected client; while more do, those who send to it are held back.";
    }
}
