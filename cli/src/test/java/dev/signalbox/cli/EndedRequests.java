package dev.signalbox.cli;

import dev.signalbox.schemas.Headers;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.AttemptEvent;
import dev.signalbox.schemas.avro.AttemptId;
import dev.signalbox.schemas.avro.AttemptPhase;
import dev.signalbox.schemas.avro.LlmReply;
import dev.signalbox.schemas.avro.ReplyStatus;
import dev.signalbox.schemas.avro.ReplyTimings;
import dev.signalbox.schemas.avro.RequestState;
import dev.signalbox.schemas.avro.RequestStatus;
import dev.signalbox.schemas.serde.AvroSerializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.apache.avro.specific.SpecificRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

/** Writes what workers write of requests that are answered at the first call. */
final class EndedRequests implements AutoCloseable {
    private static final String DEPLOYMENT = "v.here/slow";
    private static final byte[] BODY = ("{\"choices\":[{\"message\":{\"role\":\"assistant\",\"content\":\""
            + "Well. ".repeat(20)
            + "\"}}]}").getBytes(StandardCharsets.UTF_8);

    private final KafkaProducer<String, SpecificRecord> producer;

    EndedRequests(Clients clients) {
        Map<String, Object> properties = new HashMap<>(clients.kafkaProperties());
        properties.put("linger.ms", 5);
        // So that what it says of the time is not seconds before the record's own.
        properties.put("buffer.memory", 1 << 20);
        properties.put("compression.type", "lz4");
        AvroSerializer<SpecificRecord> values = new AvroSerializer<>(
                SchemaRegistryClient.of(clients.registryProperties()), clients.registryProperties());
        producer = new KafkaProducer<>(properties, new StringSerializer(), values);
    }

    static String id(int number) {
        return "ended-" + number;
    }

    void fill(int count) {
        for (int i = 0; i < count; i++) {
            String id = id(i);
            AttemptId attempt = new AttemptId(0, 1, 1, (long) i);
            long now = System.currentTimeMillis();
            producer.send(new ProducerRecord<>(Topics.ATTEMPTS, DEPLOYMENT, event(id, attempt, AttemptPhase.STARTED)));
            AttemptEvent end = event(id, attempt, AttemptPhase.ENDED);
            end.setOutcome("ANSWERED");
            end.setHttpStatus(200);
            end.setDurationMillis(5L);
            producer.send(new ProducerRecord<>(Topics.ATTEMPTS, DEPLOYMENT, end));
            ProducerRecord<String, SpecificRecord> reply = new ProducerRecord<>(Topics.REPLIES, id,
                    LlmReply.newBuilder().setRequestId(id).setStatus(ReplyStatus.COMPLETED).setRequestHash("h")
                            .setBody(ByteBuffer.wrap(BODY)).setTimings(new ReplyTimings(2L, null, 7L)).build());
            reply.headers().add(Headers.STATUS, "COMPLETED".getBytes(StandardCharsets.UTF_8));
            producer.send(reply);
            producer.send(new ProducerRecord<>(Topics.STATUS, id,
                    RequestStatus.newBuilder().setRequestId(id).setState(RequestState.ENDED).setPool("all")
                            .setPriority("standard").setEnvironment("test").setUseCase("support").setTenant("acme")
                            .setRequestedModel("slow").setWorker("worker-1").setReplyTopic(Topics.REPLIES)
                            .setStatus("COMPLETED").setRequestTopic("llm.requests.all.standard")
                            .setRequestPartition(i % 6).setRequestOffset(i / 6).setFirstEnqueuedMillis(now - 7)
                            .setStartedMillis(now - 5).build()));
        }
        producer.flush();
    }

    private static AttemptEvent event(String id, AttemptId attempt, AttemptPhase phase) {
        return AttemptEvent.newBuilder().setRequestId(id).setAttempt(attempt).setPhase(phase).setDeployment(DEPLOYMENT)
                .setVendor("v").setModel("slow").setRequestedModel("slow").setPool("all").setPriority("standard")
                .setUseCase("support").setTenant("acme").setEnvironment("test").setWorker("worker-1").setStreamed(false)
                .build();
    }

    @Override
    public void close() {
        producer.close();
    }
}
