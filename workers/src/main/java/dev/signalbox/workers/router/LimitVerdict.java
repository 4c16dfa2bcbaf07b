package dev.signalbox.workers.router;

/** Whether a deployment's limits admit a call. */
public sealed interface LimitVerdict {
    Now NOW = new Now();
    OnRelease ON_RELEASE = new OnRelease();

    /** They do. */
    record Now() implements LimitVerdict {
    }

    /** Not before that time, ns; then it must be asked again. */
    record At(long nanos, String why) implements LimitVerdict {
    }

    /** As many calls run as may: when one ends. */
    record OnRelease() implements LimitVerdict {
    }

    /** The call alone is larger than what its pool may ever use of the deployment. */
    record Never(String why) implements LimitVerdict {
    }
}
