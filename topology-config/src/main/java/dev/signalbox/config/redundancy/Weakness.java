package dev.signalbox.config.redundancy;

import java.util.Locale;

/** Kinds of weakness; {@code docs/redundancy.md} lists them with their rules. */
public enum Weakness {
    /** Residency rules and pools leave a route nothing that may serve it. */
    NOTHING_LEFT(Severity.CRITICAL),
    /** Only one deployment serves a route, and it has no fallback model. */
    SINGLE_DEPLOYMENT(Severity.CRITICAL),
    /** All deployments of a route are at one vendor. */
    SINGLE_VENDOR(Severity.CRITICAL),
    /** All calls of a route go through one gateway, host or proxy. */
    SHARED_UPSTREAM(Severity.CRITICAL),
    /** All deployments of a route are in one region. */
    SINGLE_REGION(Severity.CRITICAL),
    /** All deployments of a route hold the same one credential. */
    SINGLE_CREDENTIAL(Severity.CRITICAL),
    /** All deployments of a route share a declared failure domain. */
    SHARED_DOMAIN(Severity.CRITICAL),
    /** A route's deployments share a failure domain, and so do all its fallback models. */
    FALLBACK_IN_SAME_DOMAIN(Severity.CRITICAL),
    /** A fallback model has nothing that may serve the route's requests. */
    FALLBACK_UNUSABLE(Severity.WARNING),
    /** The loss of one failure domain leaves less than peak demand needs. */
    CAPACITY_SHORT(Severity.WARNING),
    /** Several pools use a deployment without parts of their own. */
    UNISOLATED_POOLS(Severity.WARNING),
    /** A pool has no capacity that others cannot use up. */
    POOL_WITHOUT_OWN_CAPACITY(Severity.WARNING),
    /** All deployments of a route are ejected, so that they are all tried as a last resort, or only fallback models answer. */
    ALL_EJECTED(Severity.CRITICAL),
    /** What is in use is less than the wanted multiple of peak demand. */
    HEADROOM_SHORT(Severity.WARNING),
    /** The loss of one failure domain leaves less than peak demand. */
    PEAK_NOT_SERVED(Severity.WARNING),
    /** What would have to help was not called for longer than the configuration wants. */
    FALLBACK_UNUSED(Severity.WARNING),
    /** A route has a second vendor only as far as a proxy is one, which may hide the first. */
    VENDORS_HIDDEN(Severity.WARNING);

    private final Severity severity;

    Weakness(Severity severity) {
        this.severity = severity;
    }

    /** How bad it is for a route or pool as a whole; where it concerns one tenant only, it is a warning. */
    public Severity severity() {
        return severity;
    }

    /** The name in reports: lower case with hyphens. */
    public String label() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
