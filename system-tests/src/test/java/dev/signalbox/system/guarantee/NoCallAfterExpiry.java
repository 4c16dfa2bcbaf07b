package dev.signalbox.system.guarantee;

import dev.signalbox.schemas.avro.AttemptPhase;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** G7: no vendor call starts after its request's time is up; all times are append times, on the broker's clock. */
public final class NoCallAfterExpiry implements Watcher {
    private final long toleranceMillis;
    private final Map<String, Long> expiry = new HashMap<>();
    private final List<RunEvent.Attempt> started = new ArrayList<>();

    /** @param toleranceMillis from a call's start until its event is appended, and what the workers' clocks are off by */
    public NoCallAfterExpiry(long toleranceMillis) {
        this.toleranceMillis = toleranceMillis;
    }

    @Override
    public String name() {
        return "G7 no call after expiry";
    }

    @Override
    public void saw(RunEvent event) {
        switch (event) {
            case RunEvent.Acknowledged request ->
                expiry.merge(request.requestId(), request.expiresAtMillis(), Math::max);
            case RunEvent.Attempt attempt -> {
                if (attempt.event().getPhase() == AttemptPhase.STARTED) {
                    started.add(attempt);
                }
            }
            case RunEvent.Replied _,RunEvent.DeadLetter _,RunEvent.Chunk _,RunEvent.Shown _,RunEvent.Committed _,RunEvent.Printed _ ->
                {
                }
        }
    }

    @Override
    public List<String> violations() {
        List<String> late = new ArrayList<>();
        for (RunEvent.Attempt attempt : started) {
            long expiresAt = expiry.getOrDefault(attempt.event().getRequestId(), Long.MAX_VALUE - toleranceMillis);
            if (attempt.appendMillis() > expiresAt + toleranceMillis && late.size() < MOST) {
                late.add("call of " + attempt.event().getRequestId() + " to " + attempt.event().getDeployment()
                        + " started " + (attempt.appendMillis() - expiresAt) + " ms after its time was up");
            }
        }
        return late;
    }
}
