package dev.signalbox.workers.router;

import dev.signalbox.config.Residency;
import dev.signalbox.schemas.PoolName;

/**
 * What of a request decides where it may go.
 *
 * @param pool whose capacity it uses
 * @param model logical model asked for
 * @param residency where the request itself allows to be served
 * @param needs what its body asks of a deployment
 */
public record RoutingQuery(PoolName pool, String model, String useCase, Residency residency, Needs needs) {

    /** Demands of a body that not every deployment meets. */
    public record Needs(boolean images, boolean tools) {
        public static final Needs NONE = new Needs(false, false);
    }
}
