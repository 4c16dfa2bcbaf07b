package dev.signalbox.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.signalbox.config.Configuration;
import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Lane;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.InvalidRecordException;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import dev.signalbox.schemas.serde.ValueForm;
import dev.signalbox.workers.router.Candidate;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.errors.SerializationException;
import org.apache.kafka.common.header.Header;

/**
 * What a request waits for: when it may go on, for how long it still lives, and of each deployment that could serve it, what the
 * fleet sees of it and whether it has room.
 *
 * @param hop how often it was published again
 * @param notBeforeMillis when its next visit may begin, on the broker's clock; empty: now
 * @param parkedRoute the blocked route that had more than its share of the lane's room
 * @param decision a worker's, that starts now; empty where the record cannot be read
 * @param rooms by deployment
 */
record ExplainCommandWait(Lane lane, int hop, OptionalLong notBeforeMillis, Optional<String> parkedRoute,
        long expiresAtMillis, Optional<ExplainCommandDecision> decision, Map<String, CapacityState.Room> rooms,
        long nowMillis) {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    static Optional<ExplainCommandWait> of(Clients clients, Configuration configuration,
            Whereabouts.Found.Queued queued) {
        return Lane.ofTopic(queued.record().topic()).map(lane -> of(clients, configuration, queued, lane));
    }

    private static ExplainCommandWait of(Clients clients, Configuration configuration, Whereabouts.Found.Queued queued,
            Lane lane) {
        ConsumerRecord<byte[], byte[]> record = queued.record();
        FleetState fleet = FleetState.read(clients);
        Optional<LlmRequest> request = request(clients, record);
        Duration timeToLive = request.map(LlmRequest::getTimeToLiveMillis).map(Duration::ofMillis)
                .orElse(lane.priority().defaultTimeToLive());
        long notBefore = record.timestamp() + number(record, Headers.DELAY).orElse(0);
        Optional<ExplainCommandDecision> decision = request.map(read -> ExplainCommandDecision.of(configuration, read,
                lane, timeToLive, Instant.ofEpochMilli(fleet.nowMillis()), fleet));
        CapacityState capacity = CapacityState.read(clients, fleet.nowMillis());
        Map<String, CapacityState.Room> rooms = new LinkedHashMap<>();
        decision.ifPresent(made -> made.decision().candidates().stream().map(ExplainCommandWait::name)
                .forEach(name -> rooms.put(name, capacity.room(name, lane.pool()))));
        return new ExplainCommandWait(lane, (int) number(record, Headers.HOP).orElse(0),
                notBefore > fleet.nowMillis() ? OptionalLong.of(notBefore) : OptionalLong.empty(),
                text(record, Headers.PARKED_ROUTE), queued.enqueuedMillis() + timeToLive.toMillis(), decision, rooms,
                fleet.nowMillis());
    }

    private static String name(Candidate candidate) {
        return candidate.deployment().name().toString();
    }

    private static Optional<LlmRequest> request(Clients clients, ConsumerRecord<byte[], byte[]> record) {
        try {
            if (record.value() == null) {
                return Optional.empty();
            }
            return Optional.ofNullable(ValueForm.of(record.headers()).orElse(ValueForm.AVRO) == ValueForm.JSON
                    ? new JsonRecords().parseRequest(record.value())
                    : new AvroDeserializer<>(LlmRequest.class, SchemaRegistryClient.of(clients.registryProperties()))
                            .deserialize(record.topic(), record.value()));
        } catch (SerializationException | InvalidRecordException e) {
            return Optional.empty();
        }
    }

    private static Optional<String> text(ConsumerRecord<byte[], byte[]> record, String name) {
        return Optional.ofNullable(record.headers().lastHeader(name)).map(Header::value)
                .map(value -> new String(value, StandardCharsets.UTF_8));
    }

    private static OptionalLong number(ConsumerRecord<byte[], byte[]> record, String name) {
        try {
            return text(record, name).map(Long::parseLong).map(OptionalLong::of).orElse(OptionalLong.empty());
        } catch (NumberFormatException e) {
            return OptionalLong.empty();
        }
    }

    /** For a person: what holds it up. */
    private String why() {
        long left = expiresAtMillis - nowMillis;
        if (left <= 0) {
            return "its time is up: it is answered without a call as soon as a worker comes to it";
        }
        if (notBeforeMillis.isPresent()) {
            return parkedRoute.map(route -> "route " + route + " had more waiting than its share of the lane's room")
                    .orElse("its last visit failed in a way that may pass") + "; it may go on in "
                    + (notBeforeMillis.getAsLong() - nowMillis) + " ms";
        }
        if (decision.isEmpty()) {
            return "its record cannot be read here";
        }
        if (!decision.get().isServed()) {
            return "nothing can serve it: it is answered so when a worker comes to it";
        }
        if (decision.get().isShut()) {
            return "all of its deployments are ejected: it goes on when one has passed its probe";
        }
        List<CapacityState.Room> told = rooms.values().stream().filter(room -> room.workers() > 0).toList();
        return !told.isEmpty() && told.size() == rooms.size()
                && told.stream().noneMatch(room -> room.full().isEmpty())
                        ? "none of its deployments has room"
                        : "others of its lane or tenant are before it, or a deployment of it is ejected, or it was taken"
                                + " just now";
    }

    ObjectNode document() {
        ObjectNode document = MAPPER.createObjectNode();
        document.put("pool", lane.pool().value()).put("priority", lane.priority().label()).put("hop", hop);
        notBeforeMillis.ifPresent(millis -> document.put("not_before", Instant.ofEpochMilli(millis).toString()));
        parkedRoute.ifPresent(route -> document.put("parked_route", route));
        document.put("time_to_live_left_ms", Math.max(0, expiresAtMillis - nowMillis)).put("why", why());
        decision.ifPresent(made -> document.set("decision", MAPPER.valueToTree(made.decided())));
        ArrayNode list = document.putArray("capacity");
        rooms.forEach((name, room) -> {
            ObjectNode entry = list.addObject().put("deployment", name).put("workers", room.workers())
                    .put("leases", room.leases()).put("room", room.workers() > 0 && room.full().isEmpty())
                    .put("longest_wait_ms", room.longestWaitMillis());
            ArrayNode full = entry.putArray("full");
            room.full().forEach(full::add);
        });
        return document;
    }

    void print(PrintStream out) {
        out.println("waits: " + why() + "; hop " + hop + ", " + Math.max(0, expiresAtMillis - nowMillis)
                + " ms of its time to live left");
        rooms.forEach((name, room) -> out.println("room      " + name + " " + room.told()));
        decision.ifPresent(made -> {
            out.println("and a worker that began with it now would do this:");
            made.print(out);
        });
    }
}
