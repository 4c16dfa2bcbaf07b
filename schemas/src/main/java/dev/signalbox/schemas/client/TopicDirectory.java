package dev.signalbox.schemas.client;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Asks how many partitions a topic has, without creating it: a producer that asks makes the broker create it on the fly. */
interface TopicDirectory extends AutoCloseable {
    /**
     * @throws UnknownTopicOrPartitionException if there is no such topic
     * @throws KafkaException if nobody can say in time
     */
    int partitions(String topic);

    @Override
    void close();

    /** Asks the brokers. */
    static TopicDirectory of(Map<String, ?> clientConfig, Duration timeout) {
        Admin admin = Admin.create(Map.copyOf(clientConfig));
        return new TopicDirectory() {
            @Override
            public int partitions(String topic) {
                try {
                    return admin.describeTopics(List.of(topic)).allTopicNames()
                            .get(timeout.toMillis(), TimeUnit.MILLISECONDS).values().iterator().next().partitions()
                            .size();
                } catch (ExecutionException e) {
                    if (e.getCause() instanceof UnknownTopicOrPartitionException) {
                        throw new UnknownTopicOrPartitionException("the topic " + topic
                                + " does not exist: create it first (signalbox topics apply); it is not created on the fly, "
                                + "since records sent right after that may be lost");
                    }
                    throw e.getCause() instanceof KafkaException cause ? cause : new KafkaException(e.getCause());
                } catch (java.util.concurrent.TimeoutException e) {
                    throw new TimeoutException("no broker said within " + timeout.toMillis() + " ms whether the topic "
                            + topic + " exists", e);
                } catch (InterruptedException e) {
                    throw new InterruptException(e);
                }
            }

            @Override
            public void close() {
                admin.close(Duration.ofSeconds(1));
            }
        };
    }
}
