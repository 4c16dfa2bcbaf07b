package dev.signalbox.dispatcher.health;

import java.util.List;

/**
 * What a call, or time, made of a standing.
 *
 * @param standing the new one
 * @param changes the standing right after each change of state, in their order; most often none
 */
record HealthStep(Standing standing, List<Standing> changes) {
    HealthStep {
        changes = List.copyOf(changes);
    }
}
