package dev.signalbox.workers.router;

import dev.signalbox.config.Residency;
import dev.signalbox.config.VendorFamily;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Priority;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * What of a request decides where it may go.
 *
 * @param pool whose capacity it uses
 * @param priority its own in that pool
 * @param model logical model asked for
 * @param allow where pool, tenant and request allow it to be served; the route adds its own rule
 * @param needs what its body asks of a deployment
 * @param day whose prices hold
 * @param key tells requests apart, and is spread evenly: a hash of the request id
 */
public record RoutingQuery(PoolName pool, Priority priority, String model, String useCase, List<Residency> allow,
        Needs needs, LocalDate day, long key) {

    /** One of {@code standard}. */
    public RoutingQuery(PoolName pool, String model, String useCase, List<Residency> allow, Needs needs, LocalDate day,
            long key) {
        this(pool, Priority.STANDARD, model, useCase, allow, needs, day, key);
    }

    /** A request of which nothing but its place is known. */
    public RoutingQuery(PoolName pool, String model, String useCase, List<Residency> allow, Needs needs) {
        this(pool, model, useCase, allow, needs, LocalDate.EPOCH, 0);
    }

    /**
     * Demands of a body that not every deployment meets.
     *
     * @param inputTokens by estimate
     * @param maxOutputTokens the longest answer asked for; empty: the body does not say
     * @param untranslatable families that the body cannot be carried to, each with the reason
     */
    public record Needs(boolean images, boolean tools, boolean documents, long inputTokens,
            OptionalInt maxOutputTokens, Map<VendorFamily, String> untranslatable) {
        public static final Needs NONE = new Needs(false, false);

        public Needs {
            untranslatable = Map.copyOf(untranslatable);
        }

        public Needs(boolean images, boolean tools) {
            this(images, tools, false, 1, OptionalInt.empty(), Map.of());
        }
    }
}
