package dev.signalbox.simulator.script;

import dev.signalbox.simulator.meter.CallOutcome;
import java.util.List;

/**
 * @param outcome what the call came to if the caller stays to the end
 * @param tellsUsage whether the caller is told the whole answer's tokens then
 */
public record Script(List<Step> steps, CallOutcome outcome, boolean tellsUsage) {
}
