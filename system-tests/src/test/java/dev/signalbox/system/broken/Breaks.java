package dev.signalbox.system.broken;

import static dev.signalbox.system.broken.Switch.answers;
import static dev.signalbox.system.broken.Switch.answersNothing;
import static dev.signalbox.system.broken.Switch.catchesNothing;
import static dev.signalbox.system.broken.Switch.doesNotAsk;
import static dev.signalbox.system.broken.Switch.doesNothing;
import static dev.signalbox.system.broken.Switch.readsAs;

import java.util.List;

/** Every mechanism that holds a guarantee so far. A guarantee's issue adds its own. */
final class Breaks {
    private static final String WORKERS = "dev.signalbox.workers.";
    private static final String INTAKE = WORKERS + "intake.";
    private static final String REPLY = WORKERS + "reply.";
    private static final String SCHEDULER = WORKERS + "scheduler.";
    private static final String ROUTER = WORKERS + "router.";
    private static final String VENDOR = WORKERS + "vendor.";
    private static final String SERDE = "dev.signalbox.schemas.serde.";
    private static final String CLAIM = "dev.signalbox.schemas.claim.";
    private static final String CAPACITY = "dev.signalbox.dispatcher.capacity.";
    private static final String HEALTH = "dev.signalbox.dispatcher.health.";
    private static final String AVAILABILITY = "dev.signalbox.dispatcher.availability.";
    private static final String BACKLOG = "dev.signalbox.config.backlog.";
    private static final String LIVE = "dev.signalbox.config.live.";
    private static final String CLIENT = "dev.signalbox.schemas.client.";

    private static final Check LEDGER = Check.of(INTAKE + "OffsetLedgerTest");
    private static final Check LANE = Check.of(INTAKE + "LaneConsumerTest");
    private static final Check LEDGERS = Check.of(INTAKE + "LaneLedgerModelTest");
    private static final Check POLL_THREAD = Check.of(INTAKE + "PollThreadTest");
    private static final Check LOG = Check.of(INTAKE + "LogThatChangedTest");
    private static final Check ORDER = Check.of(REPLY + "OrderOfEffectsTest");
    private static final Check RETRIES = Check.of(REPLY + "RetryTopicTest");
    private static final Check REJECTED = Check.of(REPLY + "RejectionsTest");
    private static final Check JOINED = Check.of(REPLY + "JoinedRepliesTest");
    private static final Check CLAIMS = Check.of(CLAIM + "ClaimStoresTest");
    private static final Check ROOM = Check.of(REPLY + "ReplyRoomTest");
    private static final Check FLOW = Check.of(WORKERS + "RequestFlowTest");
    private static final Check MID_STREAM = Check.of(WORKERS + "MidStreamTest");
    private static final Check HEDGED = Check.of(WORKERS + "HedgedCallsTest");
    private static final Check STALLED = Check.of(VENDOR + "StalledStreamsTest");
    private static final Check CONTINUED = Check.of(VENDOR + "ContinuedCallTest");
    private static final Check DIVERSIONS = Check.of(SCHEDULER + "DiversionsTest");
    private static final Check OVERFLOW = Check.of(WORKERS + "OverflowSimulationTest",
            "a_flood_goes_by_the_overflow_topic_and_comes_back");
    private static final Check PARKED_FAIRNESS = Check.of(WORKERS + "ParkedFairnessTest");
    private static final Check POOL = Check.of(SCHEDULER + "PoolSchedulerTest");
    private static final Check SHARES = Check.of(SCHEDULER + "FairSharesTest");
    private static final Check FLEET = Check.of(SCHEDULER + "FleetFairnessTest");
    private static final Check AT_VENDOR = Check.of(ROUTER + "LimitsAtTheVendorTest");
    private static final Check LEASES = Check.of(CAPACITY + "CapacityModelTest");
    private static final Check LEASED = Check.of(WORKERS + "capacity.LeaseHolderTest");
    private static final Check TENANT_LEASES = Check.of(WORKERS + "capacity.TenantLeasesTest");
    private static final Check LOANS = Check.of(ROUTER + "LeasedCallsTest");
    private static final Check PATIENCE = Check.of(SCHEDULER + "PatienceTest");
    private static final Check ROUTES = Check.of(SCHEDULER + "RoutesApartTest");
    private static final Check READER = Check.of(CLIENT + "ReaderVectorsTest");
    private static final Check READER_BOUNDS = Check.of(CLIENT + "ReplyAssemblerTest");

    static final List<Break> ALL = List.of(
            // G1 nothing acknowledged is lost
            Break.of("G1", "lowest-pending commit", LEDGER,
                    new Switch(INTAKE + "OffsetLedger", "committable", new Switch.Off.AnswersLike("position"))),
            Break.of("G1", "completions of a lost epoch do not count", LANE,
                    doesNotAsk(INTAKE + "LaneLedger", "completed", "epoch", 0)),
            Break.of("G1", "metadata that is damaged or another offset's does not count (checksum)",
                    Check.of(INTAKE + "LedgerMetadataTest"),
                    answers(INTAKE + "LedgerMetadata", "checksum", false)),
            Break.of("G1", "reading goes on at the offset of the committed answer", LANE,
                    doesNotAsk(INTAKE + "PartitionClaims", "resolve", "seek", 0)),
            Break.of("G1", "members are dynamic", LANE,
                    doesNotAsk(INTAKE + "LaneConsumerProperties", "of", "containsKey", 0)),
            Break.of("G1", "a record that took the place of a done one is known by its leader epoch", LOG,
                    doesNothing(INTAKE + "OffsetLedger", "appended")),
            Break.of("G1", "offsets that retention took are written down before they are passed", LOG,
                    answersNothing(INTAKE + "PartitionIntake", "overtaken")),
            Break.of("G1", "a log that begins below the position has other records", LOG,
                    doesNothing(INTAKE + "PartitionClaims", "beginAnew")),
            Break.of("G1", "reply acknowledged, then the offset is done", ORDER,
                    new Switch(REPLY + "ReplyPublisher", "publish", new Switch.Off.RunsAtOnce(2))),
            Break.of("G1", "the offset is done, then the commit", Check.of(INTAKE + "EffectsToCommitTest"),
                    new Switch(REPLY + "ReplyPublisher", "publish", new Switch.Off.RunsAtOnce(2))),
            Break.of("G1", "an unwritten reply is sent again", ORDER, doesNothing(REPLY + "ReplyPublisher", "again")),
            Break.of("G1", "what cannot be read is kept as a dead letter, also if its caller can be told", REJECTED,
                    answers(INTAKE + "UnservableRecord", "isPoison", false)),
            Break.of("G1", "dead letter acknowledged, then the offset is done", REJECTED,
                    new Switch(REPLY + "DeadLetters", "write", new Switch.Off.RunsAtOnce(1))),
            Break.of("G1", "a registry that cannot be asked makes no dead letters",
                    Check.of(INTAKE + "RequestReaderTest"), catchesNothing(INTAKE + "RequestReader", "read")),
            Break.of("G1", "where a request is can be asked for a day",
                    Check.of(AVAILABILITY + "AvailabilityTopologyTest"),
                    doesNothing(AVAILABILITY + "RequestStatuses$Keeper", "process")),
            Break.of("G1", "only the registry itself makes a schema id unknown",
                    Check.of(SERDE + "SchemaRegistryClientTest"),
                    doesNotAsk(SERDE + "RegistryHttp", "refusal", "has", 1)),

            // G2 one effective reply
            Break.of("G2", "what is done above the commit is kept in its metadata", LANE,
                    answersNothing(INTAKE + "LedgerMetadata", "decode")),
            Break.of("G2", "the epoch is committed before the first dispatch", LANE,
                    answers(INTAKE + "PartitionIntake", "isClaimed", true),
                    answers(INTAKE + "PartitionIntake", "mustPause", false)),
            Break.of("G2", "no epoch is used twice", LANE, doesNotAsk(INTAKE + "LaneLedger", "put", "epoch", 0)),
            Break.of("G2", "an epoch is above the one in the metadata", LEDGERS,
                    doesNotAsk(INTAKE + "LaneLedger", "assigned", "epoch", 0)),
            Break.of("G2", "what is revoked is committed", LANE, doesNothing(INTAKE + "LaneCommits", "send")),
            Break.of("G2", "what is revoked is forgotten", LANE, doesNothing(INTAKE + "PartitionClaims", "forget")),
            Break.of("G2", "an answer to a former assignment's commit claims nothing", POLL_THREAD,
                    doesNotAsk(INTAKE + "PartitionIntake", "acknowledged", "epoch", 0)),
            Break.of("G2", "a partition moves when its owner has released it", Check.of(INTAKE + "HandoverTest"),
                    answersNothing(INTAKE + "Handover", "read")),
            Break.of("G2", "after a standstill nothing is taken in before the coordinator answers", LANE,
                    doesNothing(INTAKE + "PollLoop", "alive")),
            Break.of("G2", "the reader takes only the reply to what was sent (requestHash)", READER,
                    answers(CLIENT + "FollowedRequest", "isExpected", true)),
            Break.of("G2", "the first terminal reply ends the request", READER,
                    doesNotAsk(CLIENT + "ReplyAssembler", "end", "remove", 0)),
            Break.of("G2", "a record that repeats an id joins the first one", JOINED,
                    answers(REPLY + "Duplicates$Entry", "is", true)),
            Break.of("G2", "an id belongs to one payload", JOINED,
                    doesNotAsk(REPLY + "Duplicates", "arrived", "equals", 1)),
            Break.of("G2", "a record delivered again is no duplicate of itself", Check.of(REPLY + "DuplicatesTest"),
                    answers(REPLY + "Duplicates$Entry", "is", false)),

            Break.of("G2", "a replayed dead letter is a new request that begins anew",
                    Check.of("dev.signalbox.cli.deadletters.ReplayTest"),
                    doesNotAsk("dev.signalbox.cli.deadletters.Replay", "made", "contains", 0)),

            // G3 no broken answer is a success
            Break.of("G3", "a stream needs its own terminal signal",
                    Check.of(VENDOR + "HttpVendorLossTest", "aStreamThatIsCutIsNeverComplete"),
                    answers(VENDOR + "openai.ChatStreamDecoder", "terminalSeen", true)),
            Break.of("G3", "the gap between tokens is limited",
                    Check.of(VENDOR + "HttpVendorLimitsTest",
                            "theGapBetweenTokensIsLimitedAndSignsOfLifeDoNotFillIt"),
                    answersNothing(VENDOR + "AttemptWatch", "due")),
            Break.of("G3", "a stream of messages needs its message_stop", STALLED,
                    readsAs(VENDOR + "anthropic.MessageStreamDecoder", "end", "stopped", 1)),
            Break.of("G3", "an answer that went on from a text holds that text", CONTINUED,
                    new Switch(VENDOR + "HttpVendorClient", "whole", new Switch.Off.AnswersParameter(2))),
            Break.of("G3", "a fetched body is the one that was put (hash)", CLAIMS,
                    doesNotAsk(CLAIM + "ClaimStores", "get", "equals", 1)),

            // G4 attempts are never mixed
            Break.of("G4", "a higher attempt starts the text again", READER,
                    doesNothing(CLIENT + "FollowedRequest", "startAgain")),
            Break.of("G4", "attempts are told apart by their order", READER,
                    doesNotAsk(CLIENT + "FollowedRequest", "onChunk", "compare", 0)),
            Break.of("G4", "a chunk behind a gap is held", READER,
                    doesNothing(CLIENT + "FollowedRequest", "hold")),
            Break.of("G4", "END accounts for the text (count and hash)", READER,
                    answers(CLIENT + "FollowedRequest", "isConfirmed", true)),
            Break.of("G4", "each attempt has a number of its own", MID_STREAM,
                    new Switch(WORKERS + "Journey", "nextNumber", new Switch.Off.Answers(1))),
            Break.of("G4", "of two calls of one request, only the first to give a token is shown", HEDGED,
                    answers(WORKERS + "Race$Side", "claims", true)),
            Break.of("G4", "who goes on from a text publishes it first", MID_STREAM,
                    doesNothing(WORKERS + "AnswerSoFar", "begin")),
            Break.of("G4", "nobody goes on from a tool call, thinking or several choices", MID_STREAM,
                    answersNothing(WORKERS + "AnswerSoFar", "obstacle")),
            Break.of("G4", "nobody goes on where the request does not allow it", CONTINUED,
                    answersNothing(VENDOR + "PrefilledBody", "obstacle")),
            Break.of("G4", "all chunks acknowledged, then the reply", ORDER,
                    readsAs(REPLY + "PublishedChunks", "end", "unacknowledged", 0)),

            // G5 no limit is exceeded
            Break.of("G5", "what is reserved counts until the vendor has counted it", AT_VENDOR,
                    doesNothing(ROUTER + "RateLimit", "hold")),
            Break.of("G5", "a written request counts from when it must have arrived", AT_VENDOR,
                    doesNotAsk(ROUTER + "DeploymentLimits", "sent", "arrivesBy", 0)),
            Break.of("G5", "a call that we hung up on keeps its place until the vendor has noticed", AT_VENDOR,
                    answers(ROUTER + "DeploymentLimits", "lingering", false)),
            Break.of("G5", "a worker's claim counts until its calls and its minute are over", LEASES,
                    answers(CAPACITY + "DeploymentCapacity", "drainMillis", false)),
            Break.of("G5", "what a worker may still take is granted to nobody else", LEASES,
                    doesNothing(CAPACITY + "Lessee", "issued")),
            Break.of("G5", "a new term learns before it grants", LEASES,
                    answers(CAPACITY + "CapacityModel", "isLearning", false)),
            Break.of("G5", "what the vendor refuses one worker lowers the limit for all", LEASES,
                    doesNothing(CAPACITY + "LoweredLimit", "throttled")),
            Break.of("G5", "whose lease ended has no share that others may hold", LEASED,
                    answers(WORKERS + "capacity.LeaseHolder", "isElsewhere", false)),
            Break.of("G5", "a second call beside one that is late needs room of its own", HEDGED,
                    answers(ROUTER + "PermitDesk", "isFree", true)),
            Break.of("G5", "no second call goes before requests that wait", HEDGED,
                    answers(WORKERS + "Permits", "isAwaited", false)),
            Break.of("G5", "a dispatcher that was replaced is heard no more", LEASED,
                    doesNothing(WORKERS + "capacity.LeaseHolder", "grantedElsewhere")),

            Break.of("G5", "after an outage calls go out evenly, no minute's amount in a burst",
                    Check.of(ROUTER + "EvenPaceTest"), doesNothing(ROUTER + "EvenPace", "begin")),

            Break.of("G5", "a probe is claimed before it begins", Check.of(WORKERS + "ClaimedProbesTest"),
                    answers(WORKERS + "Permits", "isNamed", true)),
            Break.of("G5", "a probe begins well before its turn ends", Check.of(ROUTER + "FleetViewTest"),
                    answers(ROUTER + "ProbeRight", "mayBegin", true)),
            Break.of("G5", "a probe that runs is waited for, as long as any call may take",
                    Check.of(HEALTH + "ProbeSimulationTest", "oneCallAtATimeProbesAndHealsInTheEnd"),
                    readsAs(HEALTH + "ProbeTurn", "at", "runs", 0)),

            // G6 a pool has its own capacity when it wants it
            Break.of("G6", "calls beyond the pool's own part are another pool's, and say whose", LOANS,
                    answersNothing(ROUTER + "Loans", "admitted")),
            Break.of("G6", "a borrowed call that had its time ends when its owner wants the capacity back", LOANS,
                    doesNothing(ROUTER + "Loans", "callBack")),
            Break.of("G6", "a call that is cut for its capacity's owner costs its request no attempt and no retry",
                    Check.of(WORKERS + "LoanEndedTest"), doesNothing(WORKERS + "Journey", "loanEnded")),
            Break.of("G6", "a pool never lends its reserve", Check.of(CAPACITY + "LendingTest"),
                    doesNotAsk(CAPACITY + "Lending", "lend", "ceil", 0)),

            // G7 no call after expiry
            Break.of("G7", "time to live is looked at before each call", FLOW,
                    doesNotAsk(WORKERS + "Attempt", "leftMillis", "expiresAtMillis", Long.MAX_VALUE)),
            Break.of("G7", "time to live counts from the first record", Check.of(INTAKE + "RequestReaderTest"),
                    doesNotAsk(INTAKE + "RecordFacts", "firstEnqueuedMillis", "number", Long.MAX_VALUE)),
            Break.of("G7", "a request that is moved keeps the time of its first record",
                    RETRIES,
                    doesNotAsk(REPLY + "RetryTopic", "headers", "firstEnqueuedMillis", 0)),
            Break.of("G7", "what waits is as old as its first record, however often it was published again",
                    Check.of(BACKLOG + "BacklogTest"),
                    doesNotAsk(BACKLOG + "BeginningReader", "firstEnqueuedMillis", "lastHeader", 0)),
            Break.of("G7", "a diverted request's time goes on from its first record",
                    Check.of(WORKERS + "OverflowTest"),
                    doesNotAsk(REPLY + "OverflowTopic", "headers", "firstEnqueuedMillis", 0)),
            Break.of("G7", "time to live ends a running call",
                    Check.of(VENDOR + "HttpVendorLimitsTest",
                            "aCallThatItsRequestHasNoTimeForTeachesNothingAboutTheVendor"),
                    answersNothing(VENDOR + "AttemptWatch", "due")),

            Break.of("G7", "a cancelled request calls nobody", FLOW,
                    answers(WORKERS + "UnderWay", "isCancelled", false)),
            Break.of("G7", "a call is cut when its request is cancelled", Check.of(VENDOR + "CancelledCallTest"),
                    doesNotAsk(VENDOR + "AttemptWatch", "check", "getAsBoolean", 1)),
            Break.of("G7", "a cancelled request is answered though its way is shut",
                    Check.of(SCHEDULER + "HastenedRequestsTest"),
                    answersNothing(SCHEDULER + "Hastened", "next")),
            Break.of("G7", "a request whose time is up is answered though its way is shut", ROUTES,
                    answersNothing(SCHEDULER + "TimeWatch", "expired")),

            Break.of("G7", "a request whose time is up is answered though every slot is taken",
                    Check.of(SCHEDULER + "HastenedRequestsTest"), doesNothing(SCHEDULER + "TimeWatch", "full")),

            // G8 everything is bounded
            Break.of("G8", "what was cancelled is read to its end before the first dispatch",
                    Check.of(LIVE + "TopicFollowerTest"), answers(LIVE + "TopicFollower", "awaitFirstReading", true)),
            Break.of("G8", "cancelled ids are bounded in bytes", Check.of(WORKERS + "CancellationsTest"),
                    readsAs(WORKERS + "Cancellations", "add", "maxBytes", Long.MAX_VALUE)),
            Break.of("G8", "intake pauses at its bounds", LANE, answers(INTAKE + "LaneBounds", "mustPause", false)),
            Break.of("G8", "intake stops where the commit metadata is three quarters full",
                    Check.of(INTAKE + "MetadataGuardTest"),
                    answers(INTAKE + "LedgerMetadata$Encoded", "mustStopAdmitting", false)),
            Break.of("G8", "records that wait for their time take a small part of a lane's room",
                    Check.of(INTAKE + "PostponedRecordsTest"),
                    answers(INTAKE + "LaneBounds", "mustPauseRetries", false)),
            Break.of("G8", "each hop is counted", RETRIES, doesNotAsk(REPLY + "RetryTopic", "headers", "hop", 0)),
            Break.of("G8", "what cannot be published again goes on waiting where it is", RETRIES,
                    doesNotAsk(REPLY + "RetryTopic", "publish", "accept", 0)),
            Break.of("G8", "a long pause is spent in hops", Check.of(WORKERS + "FurtherHopsTest"),
                    new Switch(INTAKE + "RecordFacts", "furtherDelayMillis", new Switch.Off.Answers(0))),
            Break.of("G8", "no more is put off than has room, though more was read",
                    Check.of(INTAKE + "PostponedRecordsTest"),
                    answers(INTAKE + "LaneBounds", "mayPutOff", true)),
            Break.of("G8", "what comes back from the overflow topic has a room of its own", OVERFLOW,
                    answers(INTAKE + "LaneBounds", "mayTakeOverflow", true)),
            Break.of("G8", "visits are counted across records and workers", Check.of(WORKERS + "VisitsTest"),
                    answersNothing(WORKERS + "Histories", "of")),
            Break.of("G8", "what a parked request has been through goes with it", Check.of(WORKERS + "JourneyTest"),
                    answersNothing(WORKERS + "Journey", "historyBetweenVisits")),
            Break.of("G8", "a partition that is gained stays paused until it is claimed", LANE,
                    doesNotAsk(INTAKE + "PartitionClaims", "resolve", "pause", 0)),
            Break.of("G8", "calls at once are bounded", POOL,
                    readsAs(SCHEDULER + "PoolScheduler", "next", "maxInFlight", Integer.MAX_VALUE)),
            Break.of("G8", "waiting requests are bounded", POOL,
                    readsAs(SCHEDULER + "PoolScheduler", "offer", "maxWaiting", Integer.MAX_VALUE)),
            Break.of("G8", "answers are bounded in bytes",
                    Check.of(VENDOR + "HttpVendorLimitsTest", "sizesAreBounded"),
                    doesNotAsk(VENDOR + "ResponseReader", "unary", "answerBytes", 1 << 30)),
            Break.of("G8", "the reader's memory is bounded", READER_BOUNDS,
                    readsAs(CLIENT + "ReplyAssembler", "onChunk", "maxHeldBytes", Long.MAX_VALUE),
                    readsAs(CLIENT + "ReplyAssembler", "onChunk", "maxHeldBytesPerRequest", Long.MAX_VALUE)),
            Break.of("G8", "what is unacknowledged for a reply topic is bounded", ROOM,
                    answers(REPLY + "ReplyRoom", "fits", true)),
            Break.of("G8", "bodies fetched from claim stores are bounded", Check.of(WORKERS + "ClaimedBodiesTest"),
                    doesNotAsk(WORKERS + "ClaimedBodies$Body", "fetch", "tryAcquire", 1)),

            // G9 no secret leaves
            Break.of("G9", "a vendor's error text loses what looks like a secret or a quotation",
                    Check.of(VENDOR + "HttpVendorAnswersTest", "anErrorIsClassifiedByItsBodyAndItsSecretsAreKept"),
                    new Switch(VENDOR + "ErrorText", "of", new Switch.Off.AnswersParameter(0)),
                    new Switch(VENDOR + "HttpVendorClient$Attempt", "withoutSecrets",
                            new Switch.Off.AnswersParameter(0))),
            Break.of("G9", "a secret's text is its reference",
                    Check.of("dev.signalbox.config.ConfigurationPrinterTest"),
                    new Switch("dev.signalbox.config.Secret", "toString", new Switch.Off.AnswersLike("value")),
                    new Switch("dev.signalbox.config.Secret", "reference", new Switch.Off.AnswersLike("value"))),
            Break.of("G9", "a reference leads into its store and nowhere else", CLAIMS,
                    answers(CLAIM + "ClaimStores", "isLegalKey", true)),

            // G10 nobody holds up the others
            Break.of("G10", "offsets that never come count as done", LOG, doesNothing(INTAKE + "OffsetLedger", "skip")),
            Break.of("G10", "a partition that comes with full metadata is read on",
                    Check.of(INTAKE + "MetadataGuardTest"),
                    answers(INTAKE + "OffsetLedger", "isAtTop", true)),
            Break.of("G10", "a record that a reader fails on stops no partition", LANE,
                    catchesNothing(INTAKE + "RecordDecoding", "read"),
                    catchesNothing(INTAKE + "RecordDecoding", "handOn")),
            Break.of("G10", "a request of which workers died alone is quarantined", Check.of(INTAKE + "QuarantineTest"),
                    answers(INTAKE + "PartitionTrial", "convicts", false)),
            Break.of("G10", "a request is struck only by deaths after it had begun",
                    Check.of(INTAKE + "QuarantineTest"), answers(INTAKE + "Suspicion", "onTrial", true)),
            Break.of("G10", "a request that is all its worker runs is known", Check.of(INTAKE + "QuarantineTest"),
                    answers(INTAKE + "PartitionIntake", "noteAlone", false)),
            Break.of("G10", "before a quarantine a worker lives without the request",
                    Check.of(INTAKE + "QuarantineTest"),
                    answersNothing(INTAKE + "PartitionTrial", "controlNanos")),
            Break.of("G10", "beside others a request outlives its trial", Check.of(INTAKE + "QuarantineTest"),
                    doesNothing(INTAKE + "PartitionTrial", "followSolo")),
            Break.of("G10", "what was struck is tried before all others", Check.of(INTAKE + "QuarantineTest"),
                    doesNothing(INTAKE + "TrialTurn", "goesFirst")),
            Break.of("G10", "strikes go with a request that is moved", Check.of(INTAKE + "QuarantineTest"),
                    doesNothing(INTAKE + "RecordFacts", "strike")),
            Break.of("G10", "a reply partition that is not there is not waited for", REJECTED,
                    answers(REPLY + "RenewableProducer", "mayHave", true)),
            Break.of("G10", "a request whose path meets a defect is answered", FLOW,
                    catchesNothing(WORKERS + "RequestFlow$Path", "run")),
            Break.of("G10", "requests wait for their own reply topic only", ROOM,
                    answers(REPLY + "ReplyRoom", "admits", true)),
            Break.of("G10", "a missing topic does not end the producer of the others",
                    Check.of(REPLY + "RenewableProducerTest"),
                    answers(REPLY + "RenewableProducer$Entry", "isUnderWay", false)),
            Break.of("G10", "what a blocked route has beyond its share waits elsewhere",
                    Check.of(SCHEDULER + "BlockedRoutesTest"),
                    answers(SCHEDULER + "RouteQueues$Queue", "isShut", false)),
            Break.of("G10", "nothing of a route that is merely slow moves", Check.of(SCHEDULER + "BlockedRoutesTest"),
                    answers(SCHEDULER + "RouteQueues$Queue", "isShut", true)),
            Break.of("G10", "what may be served is read though what waits on stands before it on the retry topic",
                    Check.of(INTAKE + "PostponedRecordsTest"), answers(INTAKE + "ReadingOn", "isWanted", false)),
            Break.of("G10", "what waits for a shut route takes none of the lane's room when its time comes",
                    Check.of(INTAKE + "PostponedRecordsTest"), answers(INTAKE + "PollLoop", "waitsOn", false)),
            Break.of("G10", "a retry is read in time though others stand before it",
                    Check.of(INTAKE + "PostponedRecordsTest"), doesNothing(INTAKE + "ReadingOn", "expect")),
            Break.of("G10", "what is published again keeps no other partition from being read",
                    Check.of(INTAKE + "PostponedRecordsTest"),
                    answers(INTAKE + "PollLoop", "waitsMeanwhile", false)),
            Break.of("G10", "a partition that is read to its end keeps no other waiting",
                    Check.of(INTAKE + "ReadingOnTest"), doesNothing(INTAKE + "ReadingOn", "silent")),
            Break.of("G10", "a pause is spent in the worker where it would stand behind a crowd",
                    Check.of(WORKERS + "LaterVisitsTest"), answers(WORKERS + "LaterVisits", "hasRoomHere", false)),
            Break.of("G10", "no retry passes an older parked request of its tenant and route",
                    Check.of(WORKERS + "NextInLineTest"), answers(INTAKE + "ParkedLines", "isBehind", false)),
            Break.of("G10", "a retry that waits in the worker gives way to older ones that are parked",
                    Check.of(WORKERS + "LaterVisitsTest"), answers(WORKERS + "LaterVisits", "standsBack", false)),
            Break.of("G10", "of what a blocked route may hold each tenant keeps an equal part",
                    Check.of(SCHEDULER + "BlockedRoutesTest"),
                    doesNotAsk(SCHEDULER + "RouteQueues", "inTurns", "turn", 0)),
            Break.of("G10", "a tenant of whom few wait comes back though others fill the route", PARKED_FAIRNESS,
                    answers(SCHEDULER + "RouteQueues", "few", false)),
            Break.of("G10", "who is unread behind what others have parked is read on for",
                    Check.of(INTAKE + "ReadingOnTest"),
                    doesNothing(INTAKE + "ReadingOn", "lookForUnread")),
            Break.of("G10", "a request that comes later is not served before its time",
                    Check.of(INTAKE + "PostponedRecordsTest"), answers(INTAKE + "Postponed", "takes", false)),
            Break.of("G10", "what comes of a tenant who crowds a lane waits elsewhere", DIVERSIONS,
                    answers(SCHEDULER + "Diversions", "isNoisy", false)),
            Break.of("G10", "nothing goes before what was diverted of its tenant", DIVERSIONS,
                    doesNotAsk(SCHEDULER + "Diversions", "done", "isEmpty", 1)),
            Break.of("G10", "tenants are served by what they were served (virtual counter)", POOL,
                    doesNothing(SCHEDULER + "TenantAccount", "charge")),
            Break.of("G10", "what a call cost settles what its tenant was charged", POOL,
                    doesNothing(SCHEDULER + "TenantQueues", "settle")),
            Break.of("G10", "a tenant's plan weighs", SHARES,
                    new Switch(SCHEDULER + "TenantLimits", "weight", new Switch.Off.Answers(1))),
            Break.of("G10", "of tenants served alike the one goes first that came last", SHARES,
                    new Switch(SCHEDULER + "TenantQueues", "enqueue", new Switch.Off.ReadsAs("begun", 0))),
            Break.of("G10", "a tenant keeps to limits of its own", SHARES,
                    answersNothing(SCHEDULER + "TenantLimits", "waitNanos")),
            Break.of("G10", "what other workers served a tenant counts", FLEET,
                    doesNothing(SCHEDULER + "TenantQueues", "servedElsewhere")),
            Break.of("G10", "a tenant's limits are the fleet's", FLEET,
                    doesNothing(SCHEDULER + "TenantLimits", "told")),
            Break.of("G10", "of a tenant's calls at once each worker has what it leased", FLEET,
                    answersNothing(SCHEDULER + "TenantLimits", "byLease")),
            Break.of("G10", "a worker that has no lease of a tenant's calls has none of them", TENANT_LEASES,
                    answers(WORKERS + "capacity.TenantLeases", "isAway", true)),
            Break.of("G10", "a dispatcher that answers nobody is not waited for", TENANT_LEASES,
                    answers(WORKERS + "capacity.Unanswered", "isLong", false)),
            Break.of("G10", "calls at once are held back for interactive", SHARES,
                    new Switch(SCHEDULER + "Holdback", "heldBack", new Switch.Off.Answers(0))),
            Break.of("G10", "what has little time left goes first", SHARES,
                    answers(SCHEDULER + "Waiting", "isUrgent", false)),
            Break.of("G10", "what cannot be served is shed, the lowest of the mix first",
                    Check.of(SCHEDULER + "SheddingTest"),
                    answersNothing(SCHEDULER + "Shedding", "arrived")),
            Break.of("G10", "who is shed is told", FLOW, doesNothing(WORKERS + "RequestFlow", "shed")),
            Break.of("G10", "priorities are served by their weights", POOL,
                    readsAs(SCHEDULER + "PriorityLane", "earn", "quantum", 100)),
            Break.of("G10", "each priority has a floor", POOL,
                    answersNothing(SCHEDULER + "PriorityTurns", "furthestBelowFloor")),
            Break.of("G10", "changed weights and floors hold from the next turn", POOL,
                    doesNothing(SCHEDULER + "PriorityTurns", "reweigh")),
            Break.of("G10", "a deployment without room holds up only those who need it", ROUTES,
                    doesNotAsk(SCHEDULER + "Gates", "shut", "contains", 1)),
            Break.of("G10", "a request that pauses gives its slot back", ROUTES,
                    doesNotAsk(SCHEDULER + "PoolScheduler", "again", "release", 1)),
            Break.of("G10", "room that is freed wakes who waits for it", ROUTES,
                    doesNothing(SCHEDULER + "PoolScheduler", "freed")),
            Break.of("G10", "who has slack leaves a dearer deployment to who has none", Check.of(ROUTER + "ThriftTest"),
                    new Switch(ROUTER + "Thrift", "slackNanos", new Switch.Off.Answers(0))),
            Break.of("G10", "who waits for a cheaper deployment goes to a dearer one when its slack ends", PATIENCE,
                    answersNothing(SCHEDULER + "Patience", "over")),
            Break.of("G10", "a route of which all wait for a cheaper deployment gives way", PATIENCE,
                    doesNothing(SCHEDULER + "RouteQueues$Queue", "waitsOn")));

    private Breaks() {
    }
}
