package dev.signalbox.cli.whatif;

import dev.signalbox.config.Configuration;
import dev.signalbox.config.Deployment;
import dev.signalbox.workers.router.CallLesson;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** How fast deployments are, and what becomes of a call there. */
final class Vendors {
    private static final List<String> KEYS = List.of("on", "first_token", "tokens_per_second", "spread");
    private static final long ERROR_NANOS = Duration.ofMillis(50).toNanos();
    private static final Speed USUAL = new Speed(Duration.ofMillis(400).toNanos(), 60, 0.3);

    private final Map<String, Speed> speeds = new HashMap<>();
    private final List<Outage> outages;
    private final SplittableRandom random;

    /** @param spread of the logarithm of both, which are medians */
    private record Speed(long firstTokenNanos, double tokensPerSecond, double spread) {
    }

    /** What becomes of a call. */
    sealed interface Fate {
        /** After the call's beginning. */
        record Answered(long firstTokenNanos, long endNanos) implements Fate {
        }

        /** @param hungUp whether we ended it */
        record Failed(long endNanos, CallLesson.Blame blame, boolean hungUp) implements Fate {
        }
    }

    /** @param specs values of {@code --speed} */
    Vendors(Configuration configuration, List<String> specs, List<Outage> outages, SplittableRandom random) {
        this.outages = outages;
        this.random = random;
        for (String spec : specs) {
            Facts facts = new Facts("--speed", spec, "on", KEYS);
            String on = facts.required("on");
            if (configuration.deployments().values().stream().noneMatch(deployment -> isOf(deployment, on))) {
                throw facts.wrong("\"" + on + "\" is no deployment and no vendor of the configuration");
            }
            double perSecond = facts.number("tokens_per_second", USUAL.tokensPerSecond);
            if (perSecond == 0) {
                throw facts.wrong("tokens_per_second must be above 0");
            }
            speeds.put(on, new Speed(
                    facts.duration("first_token", Duration.ofNanos(USUAL.firstTokenNanos)).toNanos(), perSecond,
                    facts.number("spread", USUAL.spread)));
        }
    }

    private static boolean isOf(Deployment deployment, String on) {
        return deployment.name().toString().equals(on) || deployment.vendor().name().equals(on);
    }

    private Speed speed(Deployment deployment) {
        Speed own = speeds.get(deployment.name().toString());
        return own != null ? own : speeds.getOrDefault(deployment.vendor().name(), USUAL);
    }

    /** @param atNanos after the load's beginning */
    Fate call(Deployment deployment, int outputTokens, long atNanos) {
        double factor = 1;
        for (Outage outage : outages) {
            double part = outage.part(deployment.name(), atNanos);
            if (part > 0 && random.nextDouble() < part) {
                switch (outage.kind()) {
                    case STATUS -> {
                        return new Fate.Failed(ERROR_NANOS, CallLesson.Blame.SERVICE, false);
                    }
                    case TIMEOUT -> {
                        return new Fate.Failed(deployment.timeouts().firstToken().toNanos(), CallLesson.Blame.SERVICE,
                                true);
                    }
                    case RATE -> {
                        return new Fate.Failed(ERROR_NANOS, CallLesson.Blame.RATE, false);
                    }
                    case SLOW -> factor = Math.max(factor, outage.factor());
                }
            }
        }
        Speed speed = speed(deployment);
        long first = (long) (speed.firstTokenNanos * factor * Math.exp(speed.spread * random.nextGaussian()));
        long rest = (long) (outputTokens / speed.tokensPerSecond * 1e9 * factor
                * Math.exp(speed.spread / 2 * random.nextGaussian()));
        if (first > deployment.timeouts().firstToken().toNanos()) {
            return new Fate.Failed(deployment.timeouts().firstToken().toNanos(), CallLesson.Blame.SERVICE, true);
        }
        long total = deployment.timeouts().total().toNanos();
        return first + rest > total
                ? new Fate.Failed(total, CallLesson.Blame.SERVICE, true)
                : new Fate.Answered(first, first + rest);
    }
}
