package dev.signalbox.workers;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.function.BiConsumer;
import java.util.function.ObjLongConsumer;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.MockProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Hands each record to the simulation, which says when it is acknowledged. */
final class WaitingProducer extends MockProducer<byte[], byte[]> {
    private final BiConsumer<ProducerRecord<byte[], byte[]>, ObjLongConsumer<TopicPartition>> broker;

    WaitingProducer(BiConsumer<ProducerRecord<byte[], byte[]>, ObjLongConsumer<TopicPartition>> broker) {
        super(false, null, new ByteArraySerializer(), new ByteArraySerializer());
        this.broker = broker;
    }

    @Override
    public synchronized Future<RecordMetadata> send(ProducerRecord<byte[], byte[]> record, Callback callback) {
        CompletableFuture<RecordMetadata> sent = new CompletableFuture<>();
        broker.accept(record, (partition, offset) -> {
            RecordMetadata metadata = new RecordMetadata(partition, offset, 0, 0, 0, 0);
            sent.complete(metadata);
            callback.onCompletion(metadata, null);
        });
        return sent;
    }
}
