package dev.signalbox.dispatcher.availability;

import dev.signalbox.config.UseCase;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Map;

/** Metrics of the use cases that have an objective, and of no other: names that callers make up are no labels. */
public final class AvailabilityGauges {
    private static final String USE_CASE = "use_case";

    private AvailabilityGauges() {
    }

    public static void register(MeterRegistry registry, AvailabilityBoard board, Map<String, UseCase> useCases) {
        useCases.values().stream().filter(useCase -> useCase.objective().isPresent())
                .forEach(useCase -> register(registry, board, useCase.name()));
    }

    private static void register(MeterRegistry registry, AvailabilityBoard board, String name) {
        Gauge.builder("signalbox.availability.objective.ratio", board, known -> known.objective(name)
                .map(UseCase.Objective::answeredInTime).orElse(Double.NaN))
                .description("Wanted part of accepted requests that are answered in time").tag(USE_CASE, name)
                .register(registry);
        Gauge.builder("signalbox.availability.ratio", board, known -> known.availability(name))
                .description("Part of accepted requests of the objective's window that were answered in time")
                .tag(USE_CASE, name).register(registry);
        Gauge.builder("signalbox.error.budget.left.ratio", board, known -> known.budgetLeft(name))
                .description("Part of the objective's error budget that is left").tag(USE_CASE, name)
                .register(registry);
        for (AvailabilityBoard.Burn burn : AvailabilityBoard.Burn.values()) {
            Gauge.builder("signalbox.error.budget.burn.rate", board, known -> known.burnRate(name, burn))
                    .description("How fast the error budget is spent: 1 uses it up within the objective's window")
                    .tag(USE_CASE, name).tag("window", burn.label()).register(registry);
        }
    }
}
