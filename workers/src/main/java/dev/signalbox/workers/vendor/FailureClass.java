package dev.signalbox.workers.vendor;

/**
 * What a failed attempt teaches: a closed set, from the vendors' documentation and recorded exchanges. The class, not
 * the HTTP status, decides what may be tried next and whose health it counts against. The delay to keep is the
 * vendor's own ({@link AttemptFailure#retryAfter}), else exponential backoff.
 */
public enum FailureClass {
    /** Too many requests or tokens per minute; it slows its limiter and says nothing about health. */
    RATE_LIMIT(Same.YES, Elsewhere.YES, OtherModel.BY_POLICY, Blame.NOBODY),
    /** The request alone is larger than the deployment's limit: waiting does not help. */
    RATE_LIMIT_NEVER_FITS(Same.NO, Elsewhere.YES, OtherModel.YES, Blame.NOBODY),
    /** No money or quota left, or a delay beyond any deadline: a person or a reset must act. */
    QUOTA_EXHAUSTED(Same.NO, Elsewhere.YES, OtherModel.YES, Blame.CREDENTIAL),
    /** The vendor has no capacity, for everybody. */
    OVERLOADED(Same.ONCE, Elsewhere.YES, OtherModel.YES, Blame.ENDPOINT),
    SERVER_ERROR(Same.ONCE, Elsewhere.YES, OtherModel.YES, Blame.ENDPOINT),
    /** The endpoint says that it will not recover by itself, such as vLLM's dead engine: eject it at once. */
    ENDPOINT_DEAD(Same.NO, Elsewhere.YES, OtherModel.YES, Blame.ENDPOINT_AT_ONCE),
    /** The model is being loaded; seconds to minutes. */
    MODEL_NOT_READY(Same.YES, Elsewhere.YES, OtherModel.YES, Blame.ENDPOINT),
    /** One of the call's limits ran out, or the vendor reports one of its own. */
    TIMEOUT(Same.NO, Elsewhere.YES, OtherModel.YES, Blame.ENDPOINT),
    /** Refused, reset or not resolvable before the answer began, or lost inside it. */
    CONNECTION_LOST(Same.ONCE, Elsewhere.YES, OtherModel.YES, Blame.ENDPOINT),
    /** The stream ended in good order without its own terminal signal. */
    TRUNCATED(Same.NO, Elsewhere.YES, OtherModel.YES, Blame.ENDPOINT),
    AUTH(Same.NO, Elsewhere.YES, OtherModel.YES, Blame.CREDENTIAL),
    PERMISSION(Same.NO, Elsewhere.YES, OtherModel.YES, Blame.CREDENTIAL),
    REGION_UNSUPPORTED(Same.NO, Elsewhere.YES, OtherModel.YES, Blame.ENDPOINT),
    MODEL_NOT_FOUND(Same.NO, Elsewhere.YES, OtherModel.YES, Blame.MODEL),
    /** The deployment's own settings are wrong: its path, its model's kind. */
    ENDPOINT_MISCONFIGURED(Same.NO, Elsewhere.YES, OtherModel.YES, Blame.MODEL),
    INVALID_REQUEST(Same.NO, Elsewhere.NO, OtherModel.NO, Blame.NOBODY),
    /** A parameter or value that this model does not take, though another may. */
    INVALID_FOR_MODEL(Same.NO, Elsewhere.NO, OtherModel.BY_POLICY, Blame.NOBODY),
    CONTEXT_LENGTH(Same.NO, Elsewhere.NO, OtherModel.YES, Blame.NOBODY),
    PAYLOAD_TOO_LARGE(Same.NO, Elsewhere.NO, OtherModel.NO, Blame.NOBODY),
    /** The prompt was refused by a filter before the model ran. */
    CONTENT_FILTER_INPUT(Same.NO, Elsewhere.NO, OtherModel.BY_POLICY, Blame.NOBODY),
    /** The answer was withheld by a filter, as an error; as a finish reason it is an answer. */
    CONTENT_FILTER_OUTPUT(Same.NO, Elsewhere.NO, OtherModel.BY_POLICY, Blame.NOBODY),
    /** The model made a tool call that the vendor itself refused. */
    TOOL_CALL_INVALID(Same.ONCE, Elsewhere.NO, OtherModel.BY_POLICY, Blame.NOBODY),
    CONFLICT(Same.ONCE, Elsewhere.NO, OtherModel.NO, Blame.NOBODY),
    /** The call was interrupted by us: nobody waits for it. */
    CANCELLED(Same.NO, Elsewhere.NO, OtherModel.NO, Blame.NOBODY),
    /** The request's own time to live ended the call, before any limit of the deployment. */
    DEADLINE(Same.NO, Elsewhere.NO, OtherModel.NO, Blame.NOBODY),
    /** The call ran on capacity that its owner wants back, for longer than such a call may: the request goes on. */
    LOAN_ENDED(Same.YES, Elsewhere.YES, OtherModel.BY_POLICY, Blame.NOBODY),
    /** Nothing in the tables fits. */
    UNKNOWN(Same.NO, Elsewhere.YES, OtherModel.YES, Blame.ENDPOINT);

    /** Whether the same deployment may be tried again within the visit. */
    public enum Same {
        NO,
        ONCE,
        YES
    }

    /** Whether another deployment of the same model may be tried. */
    public enum Elsewhere {
        NO,
        YES
    }

    /** Whether another model may be tried: BY_POLICY where the caller's or the route's rules allow it. */
    public enum OtherModel {
        NO,
        BY_POLICY,
        YES
    }

    /** Whose health it counts against. */
    public enum Blame {
        NOBODY,
        CREDENTIAL,
        MODEL,
        ENDPOINT,
        ENDPOINT_AT_ONCE
    }

    /** The first thing to try after it. */
    public enum Next {
        /** One more attempt at the same deployment, then another. */
        SAME_ONCE,
        /** Another deployment. */
        OTHER_DEPLOYMENT,
        /** Another model only. */
        OTHER_MODEL,
        /** Nothing: the request itself is at fault, or nobody waits. */
        NONE
    }

    private final Same same;
    private final Elsewhere elsewhere;
    private final OtherModel otherModel;
    private final Blame blame;

    FailureClass(Same same, Elsewhere elsewhere, OtherModel otherModel, Blame blame) {
        this.same = same;
        this.elsewhere = elsewhere;
        this.otherModel = otherModel;
        this.blame = blame;
    }

    public Same same() {
        return same;
    }

    public Elsewhere elsewhere() {
        return elsewhere;
    }

    public OtherModel otherModel() {
        return otherModel;
    }

    public Blame blame() {
        return blame;
    }

    /** A summary of the table's columns: a class that may be tried both here and elsewhere without bound prefers elsewhere. */
    public Next next() {
        if (same == Same.ONCE) {
            return Next.SAME_ONCE;
        }
        if (elsewhere == Elsewhere.YES) {
            return Next.OTHER_DEPLOYMENT;
        }
        return otherModel == OtherModel.YES ? Next.OTHER_MODEL : Next.NONE;
    }
}
