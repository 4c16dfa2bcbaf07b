package dev.signalbox.schemas;

/** Names of all topics; the request topics of a (pool, priority) come from {@link Lane}. */
public final class Topics {
    /** Prefix of the request topics, before {@code <pool>.<priority>}. */
    public static final String REQUESTS_PREFIX = "llm.requests.";
    /** Suffix of the topic that noisy tenants' requests are diverted to. */
    public static final String OVERFLOW_SUFFIX = ".overflow";
    /** Prefix of the retry topics, before {@code <pool>.<priority>}. */
    public static final String RETRY_PREFIX = "llm.retry.";
    /** Terminal replies, where the request names no topic of its own. */
    public static final String REPLIES = "llm.replies";
    /** Token chunks, where the request names no topic of its own. */
    public static final String TOKENS = "llm.tokens";
    /** Original bytes of what cannot even be answered, with the reason as headers. */
    public static final String DEAD_LETTERS = "llm.dead-letters";
    /** STARTED and ENDED of each vendor call. */
    public static final String ATTEMPTS = "llm.attempts";
    /** Cancellations by request id. */
    public static final String CANCELLATIONS = "llm.cancellations";
    /** Demand of the workers per deployment. */
    public static final String CAPACITY_DEMAND = "llm.capacity.demand";
    /** Leases of the workers per deployment. */
    public static final String CAPACITY_GRANTS = "llm.capacity.grants";
    /** State of each deployment. */
    public static final String HEALTH = "llm.health";
    /** Tokens and cost of each attempt. */
    public static final String USAGE = "llm.usage";
    /** Usage by hour. */
    public static final String USAGE_HOURLY = "llm.usage.hourly";
    /** Usage by day. */
    public static final String USAGE_DAILY = "llm.usage.daily";
    /** How requests ended, by use case and hour. */
    public static final String AVAILABILITY = "llm.availability";
    /** Spent and reserved money per budget scope. */
    public static final String BUDGETS = "llm.budgets";
    /** Recent use per tenant, fleet-wide. */
    public static final String TENANTS = "llm.tenants";
    /** What each worker served its tenants. */
    public static final String TENANT_USE = "llm.tenants.use";
    /** Alerts, raised or resolved. */
    public static final String ALERTS = "llm.alerts";
    /** What each route has left now. */
    public static final String REDUNDANCY = "llm.redundancy";
    /** Where a request is, at most RUNNING and ENDED. */
    public static final String STATUS = "llm.status";
    /** The whole validated configuration. */
    public static final String CONFIG = "llm.config";
    /** Pool moves, kill switches, drains, drills. */
    public static final String CONTROL = "llm.control";

    private Topics() {
    }
}
