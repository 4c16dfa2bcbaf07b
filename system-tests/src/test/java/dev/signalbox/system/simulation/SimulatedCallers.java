package dev.signalbox.system.simulation;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.RequestHash;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.StreamPolicy;
import dev.signalbox.schemas.client.Expectation;
import dev.signalbox.schemas.serde.AvroSerializer;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.system.guarantee.RunEvent;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeaders;

/** Callers that send requests, some of them twice, some of them unreadable. */
final class SimulatedCallers {
    private static final AvroSerializer<LlmRequest> AVRO = new AvroSerializer<>();
    private static final JsonRecords JSON = new JsonRecords();
    private static final byte[] BODY = "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}"
            .getBytes(StandardCharsets.UTF_8);

    private static final List<StreamPolicy> POLICIES = List.of(StreamPolicy.RESTART, StreamPolicy.RESTART,
            StreamPolicy.CONTINUE, StreamPolicy.FAIL);

    static {
        AVRO.configure(Map.of("schema.registry.url", "http://registry"), false);
    }

    private final SimulatedWorld world;
    private final Simulation simulation;
    private int sent;
    /** Records that are still to be written. */
    private int planned;

    SimulatedCallers(SimulatedWorld world) {
        this.world = world;
        this.simulation = world.simulation;
    }

    boolean areDone() {
        return planned == 0;
    }

    /** Sends one after that time. */
    void sendAfter(long nanos, TopicPartition partition) {
        later(nanos, () -> send(partition));
    }

    private void later(long nanos, Runnable send) {
        planned++;
        simulation.after(nanos, () -> {
            planned--;
            send.run();
        });
    }

    private void send(TopicPartition partition) {
        String id = "r" + sent++;
        if (simulation.oneIn(40)) {
            world.request(id, Long.MAX_VALUE);
            world.broker.append(partition, id.getBytes(StandardCharsets.UTF_8), new byte[]{1, 2, 3},
                    new RecordHeaders());
            return;
        }
        boolean streamed = !simulation.oneIn(3);
        Duration timeToLive = Duration.ofMillis(simulation.random.nextInt(2_000, 15_000));
        LlmRequest request = LlmRequest.newBuilder().setId(id).setModel("m").setBody(ByteBuffer.wrap(BODY))
                .setTenant("t" + simulation.random.nextInt(3)).setStreamTokens(streamed)
                .setStreamPolicy(POLICIES.get(simulation.random.nextInt(POLICIES.size())))
                .setTimeToLiveMillis(timeToLive.toMillis()).build();
        RecordHeaders headers = new RecordHeaders();
        byte[] value;
        if (simulation.oneIn(8)) {
            headers.add(Headers.CONTENT_TYPE, Headers.CONTENT_TYPE_JSON.getBytes(StandardCharsets.UTF_8));
            headers.add(Headers.ACCEPT, "application/avro".getBytes(StandardCharsets.UTF_8));
            value = JSON.write(request);
        } else {
            value = AVRO.serialize(partition.topic(), request);
        }
        if (value == null) {
            throw new IllegalStateException("a request has bytes");
        }
        byte[] key = id.getBytes(StandardCharsets.UTF_8);
        String hash = RequestHash.of(value);
        long now = simulation.brokerMillis();
        world.request(id, now + timeToLive.toMillis());
        world.reader.expect(
                new Expectation(id, hash, timeToLive,
                        streamed ? Expectation.Preview.TOKENS : Expectation.Preview.NONE),
                new RunEvent.Acknowledged(partition.toString(), world.broker.log(partition).end(), id, hash, now,
                        now + timeToLive.toMillis()));
        world.broker.append(partition, key, value, headers);
        if (simulation.oneIn(5)) {
            later(simulation.between(0, simulation.oneIn(2) ? 3_000 : 600), () -> {
                world.duplicated(id);
                world.request(id, simulation.brokerMillis() + timeToLive.toMillis());
                world.broker.append(partition, key, value, new RecordHeaders(headers.toArray()));
            });
        }
    }
}
