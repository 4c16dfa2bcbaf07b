package dev.signalbox.cli.usage;

import dev.signalbox.cli.Clients;
import dev.signalbox.cli.TopicScan;
import dev.signalbox.config.UseCase;
import dev.signalbox.config.UseCase.Objective;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AvailabilityRecord;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;

/** How each use case's requests ended within its objective's window, or within 30 days where it has no objective. */
public record AvailabilityReport(List<Line> lines) {
    private static final Duration WITHOUT_OBJECTIVE = Duration.ofDays(30);

    public AvailabilityReport {
        lines = List.copyOf(lines);
    }

    /**
     * @param objective what is promised, if anything is
     * @param window over which it is measured, back from now in whole hours
     */
    public record Line(String useCase, Optional<Objective> objective, Duration window, long accepted, long inTime,
            long late, long expired, long shed, long failed) {

        /** Part of the accepted requests that were answered in time; empty where there were none. */
        public OptionalDouble availability() {
            return accepted == 0 ? OptionalDouble.empty() : OptionalDouble.of((double) inTime / accepted);
        }

        /** Part of the error budget that is left, below 0 once more was missed; empty where nothing was accepted or promised. */
        public OptionalDouble budgetLeft() {
            return accepted == 0 || objective.isEmpty()
                    ? OptionalDouble.empty()
                    : OptionalDouble.of(objective.get().budgetLeft(accepted, accepted - inTime));
        }

        private Line plus(AvailabilityRecord hour) {
            return new Line(useCase, objective, window, accepted + hour.getAccepted(), inTime + hour.getInTime(),
                    late + hour.getLate(), expired + hour.getExpired(), shed + hour.getShed(),
                    failed + hour.getFailed());
        }
    }

    /**
     * @param hours the latest record of each use case and hour
     * @param useCases as configured: those with an objective are listed also without a request
     * @param environment whose requests are meant
     */
    static AvailabilityReport of(Collection<AvailabilityRecord> hours, Map<String, UseCase> useCases,
            String environment, Instant now) {
        Map<String, Line> lines = new TreeMap<>();
        useCases.values().stream().filter(useCase -> useCase.objective().isPresent())
                .forEach(useCase -> lines.put(useCase.name(), empty(useCase.name(), useCase.objective())));
        for (AvailabilityRecord hour : hours) {
            if (!hour.getEnvironment().equals(environment)) {
                continue;
            }
            String name = hour.getUseCase();
            Line line = lines.getOrDefault(name, empty(name,
                    Optional.ofNullable(useCases.get(name)).flatMap(UseCase::objective)));
            if (hour.getUntilMillis() > now.minus(line.window()).toEpochMilli()) {
                lines.put(name, line.plus(hour));
            }
        }
        return new AvailabilityReport(new ArrayList<>(lines.values()));
    }

    private static Line empty(String useCase, Optional<Objective> objective) {
        return new Line(useCase, objective, objective.map(Objective::window).orElse(WITHOUT_OBJECTIVE), 0, 0, 0, 0, 0,
                0);
    }

    /** @throws org.apache.kafka.common.KafkaException if Kafka cannot be read */
    public static AvailabilityReport read(Clients clients, Map<String, UseCase> useCases, String environment,
            Instant now) {
        Map<String, AvailabilityRecord> hours = new HashMap<>();
        AvroDeserializer<AvailabilityRecord> values = new AvroDeserializer<>(AvailabilityRecord.class,
                SchemaRegistryClient.of(clients.registryProperties()));
        try (TopicScan scan = TopicScan.ofCommitted(clients)) {
            scan.read(scan.starts(List.of(Topics.AVAILABILITY), 0), record -> {
                AvailabilityRecord hour = record.value() == null
                        ? null
                        : values.deserialize(Topics.AVAILABILITY, record.value());
                if (hour == null) {
                    hours.remove(record.key());
                } else {
                    hours.put(record.key(), hour);
                }
            });
        }
        return of(hours.values(), useCases, environment, now);
    }
}
