package dev.signalbox.simulator.script;

import dev.signalbox.simulator.meter.CallOutcome;
import java.util.List;

/** @param outcome what the call came to if the caller stays to the end */
public record Script(List<Step> steps, CallOutcome outcome) {
}
