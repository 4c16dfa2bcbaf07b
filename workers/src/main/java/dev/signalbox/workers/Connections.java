package dev.signalbox.workers;

import dev.signalbox.config.VendorFamily;
import dev.signalbox.workers.reply.RenewableProducer;
import dev.signalbox.workers.vendor.HttpLimits;
import dev.signalbox.workers.vendor.HttpVendorClient;
import dev.signalbox.workers.vendor.VendorClient;
import dev.signalbox.workers.vendor.anthropic.MessagesCodec;
import dev.signalbox.workers.vendor.openai.OpenAiChatCodec;
import java.util.Map;
import java.util.function.Supplier;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.Producer;

/** All that a worker reaches outside of its process: Kafka and the vendors. A simulated world has its own. */
interface Connections {

    /** A new consumer with exactly these properties; who asks for it closes it. */
    Consumer<byte[], byte[]> consumer(Map<String, Object> properties);

    /** A factory of producers with {@code acks=all} and idempotence; who takes one closes it. */
    Supplier<Producer<byte[], byte[]>> producers(int lingerMillis);

    /** A new vendor stage with connections that no other has; who asks for it closes it. */
    VendorClient vendors();

    /**
     * Over the network. The clients of lanes show their own metrics too.
     *
     * @param maxMessageBytes largest record that a topic takes
     */
    static Connections real(Map<String, Object> clientProperties, int maxMessageBytes, WorkerMetrics metrics) {
        return new Connections() {
            @Override
            public Consumer<byte[], byte[]> consumer(Map<String, Object> properties) {
                return metrics.observed(new KafkaConsumer<>(properties));
            }

            @Override
            public Supplier<Producer<byte[], byte[]>> producers(int lingerMillis) {
                return metrics.observed(RenewableProducer.kafka(clientProperties, lingerMillis, maxMessageBytes));
            }

            @Override
            public VendorClient vendors() {
                return new HttpVendorClient(
                        Map.of(VendorFamily.OPENAI, new OpenAiChatCodec(), VendorFamily.ANTHROPIC, new MessagesCodec()),
                        HttpLimits.DEFAULT, System::nanoTime);
            }
        };
    }
}
