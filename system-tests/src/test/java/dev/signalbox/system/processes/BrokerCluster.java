package dev.signalbox.system.processes;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.Uuid;
import org.awaitility.Awaitility;

/** Brokers as processes, with a quorum among them. A node that was killed starts again on its data and its ports. */
final class BrokerCluster implements AutoCloseable {
    /** Below the range that systems give to outgoing connections, so that no port is lost while its node is down. */
    private static final int LOWEST_PORT = 14_000;
    private static final int PORTS = 16_000;

    private final Path folder;
    private final String classPath;
    private final String clusterId = Uuid.randomUuid().toString();
    private final List<Integer> ports;
    private final String voters;
    private final List<Child> nodes = new ArrayList<>();
    private final Admin admin;

    /** Starts that many nodes, without waiting. */
    BrokerCluster(Path folder, String classPath, int count) throws IOException {
        this.folder = folder;
        this.classPath = classPath;
        List<Integer> free = freePorts(2 * count);
        this.ports = free.subList(0, count);
        this.voters = IntStream.rangeClosed(1, count)
                .mapToObj(node -> node + "@127.0.0.1:" + free.get(count + node - 1))
                .collect(Collectors.joining(","));
        for (int node = 1; node <= count; node++) {
            nodes.add(startNode(node));
        }
        this.admin = Admin.create(Map.of("bootstrap.servers", bootstrapServers(), "default.api.timeout.ms", 15_000,
                "request.timeout.ms", 3_000, "reconnect.backoff.max.ms", 500));
    }

    private static List<Integer> freePorts(int count) {
        SplittableRandom random = new SplittableRandom();
        Set<Integer> found = new HashSet<>();
        for (int tries = 0; found.size() < count && tries < 10_000; tries++) {
            int port = LOWEST_PORT + random.nextInt(PORTS);
            try (ServerSocket probe = new ServerSocket()) {
                probe.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
                found.add(port);
            } catch (IOException taken) {
                // Another one then.
            }
        }
        return List.copyOf(found);
    }

    private Child startNode(int node) throws IOException {
        return Child.start("broker-" + node, folder, classPath, List.of("-Xmx320m"), BrokerMain.class,
                List.of(Integer.toString(node), folder.resolve("data-" + node).toString(), clusterId, voters,
                        Integer.toString(ports.get(node - 1))));
    }

    String bootstrapServers() {
        return ports.stream().map(port -> "127.0.0.1:" + port).collect(Collectors.joining(","));
    }

    Admin admin() {
        return admin;
    }

    /** Waits until all nodes are in the cluster and every partition has all its replicas in sync. */
    void awaitInSync(Duration limit) {
        Awaitility.await().atMost(limit).pollInterval(Duration.ofMillis(200)).until(this::isInSync);
    }

    /** Whether all nodes are in the cluster and every partition has all its replicas in sync. */
    boolean isInSync() {
        try {
            return admin.describeCluster().nodes().get(5, TimeUnit.SECONDS).size() == nodes.size()
                    && topics().values().stream().flatMap(topic -> topic.partitions().stream())
                            .allMatch(BrokerCluster::isWhole);
        } catch (ExecutionException | TimeoutException | KafkaException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private static boolean isWhole(TopicPartitionInfo partition) {
        return partition.leader() != null && partition.isr().size() == partition.replicas().size();
    }

    private Map<String, TopicDescription> topics()
            throws InterruptedException, ExecutionException, TimeoutException {
        Set<String> names = admin.listTopics().names().get(5, TimeUnit.SECONDS);
        return admin.describeTopics(names).allTopicNames().get(5, TimeUnit.SECONDS);
    }

    /** The node that leads this partition now. */
    int leader(String topic, int partition) throws Exception {
        return admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic).partitions().get(partition)
                .leader().id();
    }

    /** {@code kill -9} of a node. */
    void kill(int node) {
        nodes.get(node - 1).kill();
    }

    /** Starts a killed node again, without waiting. */
    void restart(int node) throws IOException {
        nodes.set(node - 1, startNode(node));
    }

    @Override
    public void close() {
        admin.close(Duration.ZERO);
        nodes.forEach(Child::close);
    }
}
