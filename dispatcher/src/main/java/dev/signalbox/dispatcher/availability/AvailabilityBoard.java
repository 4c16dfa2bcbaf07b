package dev.signalbox.dispatcher.availability;

import dev.signalbox.config.UseCase;
import dev.signalbox.config.UseCase.Objective;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/**
 * What this instance knows of the use cases that have an objective. The stream thread writes it, any thread reads it; as
 * many entries as the configuration has objectives.
 */
public final class AvailabilityBoard {
    private final Supplier<String> environment;
    private final Supplier<Map<String, UseCase>> configured;
    private final Map<String, Figures> latest = new ConcurrentHashMap<>();

    /**
     * @param environment whose requests are judged; asked again each time
     * @param configured use cases by name; asked again each time
     */
    public AvailabilityBoard(Supplier<String> environment, Supplier<Map<String, UseCase>> configured) {
        this.environment = environment;
        this.configured = configured;
    }

    /** How far back a burn rate looks: the pairs of windows that alerts use. */
    public enum Burn {
        MINUTES_5("5m", Duration.ofMinutes(5)),
        MINUTES_30("30m", Duration.ofMinutes(30)),
        HOUR_1("1h", Duration.ofHours(1)),
        HOURS_6("6h", Duration.ofHours(6));

        private final String label;
        private final Duration length;

        Burn(String label, Duration length) {
            this.label = label;
            this.length = length;
        }

        public String label() {
            return label;
        }

        /** Whole slices of 5 min and the one that now falls into: up to 5 min less. */
        Duration length() {
            return length;
        }
    }

    /**
     * @param accepted requests of the objective's window
     * @param missed of these: not answered within their time
     * @param burns how fast the error budget is spent
     */
    public record Figures(long accepted, long missed, Map<Burn, Double> burns) {
        public Figures {
            burns = Map.copyOf(burns);
        }
    }

    /** Of a use case, if requests of that environment are judged at all. */
    Optional<Objective> objective(String ofEnvironment, String useCase) {
        return ofEnvironment.equals(environment.get()) ? objective(useCase) : Optional.empty();
    }

    /** What is promised for a use case. */
    public Optional<Objective> objective(String useCase) {
        return Optional.ofNullable(configured.get().get(useCase)).flatMap(UseCase::objective);
    }

    void told(String useCase, Figures figures) {
        latest.put(useCase, figures);
    }

    void forget(String useCase) {
        latest.remove(useCase);
    }

    /** The latest figures; empty where none of its requests was seen, or another instance has them. */
    public Optional<Figures> figures(String useCase) {
        return Optional.ofNullable(latest.get(useCase));
    }

    /** Part of accepted requests that were answered in time; not a number where that is not known. */
    public double availability(String useCase) {
        Figures known = latest.get(useCase);
        return known == null || known.accepted() == 0
                ? Double.NaN
                : 1 - (double) known.missed() / known.accepted();
    }

    /** Part of the error budget that is left; not a number where that is not known. */
    public double budgetLeft(String useCase) {
        Figures known = latest.get(useCase);
        OptionalDouble left = known == null
                ? OptionalDouble.empty()
                : objective(useCase).map(objective -> OptionalDouble.of(
                        objective.budgetLeft(known.accepted(), known.missed()))).orElse(OptionalDouble.empty());
        return left.orElse(Double.NaN);
    }

    /** How fast it is spent; not a number where that is not known. */
    public double burnRate(String useCase, Burn burn) {
        Figures known = latest.get(useCase);
        Double rate = known == null ? null : known.burns().get(burn);
        return rate == null ? Double.NaN : rate;
    }
}
