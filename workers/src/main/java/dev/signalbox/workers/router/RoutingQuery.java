package dev.signalbox.workers.router;

import dev.signalbox.config.Residency;
import dev.signalbox.schemas.PoolName;
import java.util.List;

/**
 * What of a request decides where it may go.
 *
 * @param pool whose capacity it uses
 * @param model logical model asked for
 * @param allow where pool, tenant and request allow it to be served; the route adds its own rule
 * @param needs what its body asks of a deployment
 */
public record RoutingQuery(PoolName pool, String model, String useCase, List<Residency> allow, Needs needs) {

    /** Demands of a body that not every deployment meets. */
    public record Needs(boolean images, boolean tools) {
        public static final Needs NONE = new Needs(false, false);
    }
}
