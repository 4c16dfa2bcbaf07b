package dev.signalbox.system.processes;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;
import org.apache.kafka.server.common.MetadataVersion;

/**
 * One Kafka node, broker and controller, of a quorum on this machine. Arguments: node id, data folder, cluster id, voters
 * ({@code 1@host:port,…}), its port for clients.
 */
final class BrokerMain {
    private static final String HOST = "127.0.0.1";

    private BrokerMain() {
    }

    public static void main(String[] args) throws Exception {
        int node = Integer.parseInt(args[0]);
        Path folder = Path.of(args[1]);
        if (!Files.exists(folder.resolve("meta.properties"))) {
            Files.createDirectories(folder);
            new Formatter().setNodeId(node).setClusterId(args[2]).addDirectory(folder.toString())
                    .setMetadataLogDirectory(folder.toString()).setReleaseVersion(MetadataVersion.LATEST_PRODUCTION)
                    .setControllerListenerName("CONTROLLER").setIgnoreFormatted(true)
                    .setPrintStream(new PrintStream(new ByteArrayOutputStream(), false, StandardCharsets.UTF_8)).run();
        }
        KafkaRaftServer server = new KafkaRaftServer(
                KafkaConfig.fromProps(settings(node, folder, args[3], args[4]), false), Time.SYSTEM);
        server.startup();
        System.out.println("READY");
        server.awaitShutdown();
    }

    private static Properties settings(int node, Path folder, String voters, String port) {
        int nodes = voters.split(",", -1).length;
        Properties p = new Properties();
        p.setProperty("node.id", Integer.toString(node));
        p.setProperty("process.roles", "broker,controller");
        p.setProperty("log.dirs", folder.toString());
        p.setProperty("controller.quorum.voters", voters);
        p.setProperty("controller.listener.names", "CONTROLLER");
        p.setProperty("listeners",
                "PLAINTEXT://" + HOST + ":" + port + ",CONTROLLER://" + voters.split(",", -1)[node - 1].split("@")[1]);
        p.setProperty("advertised.listeners", "PLAINTEXT://" + HOST + ":" + port);
        p.setProperty("listener.security.protocol.map", "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT");
        p.setProperty("inter.broker.listener.name", "PLAINTEXT");
        String replicas = Integer.toString(nodes);
        String inSync = Integer.toString(Math.max(1, nodes - 1));
        for (String topic : new String[]{"offsets.topic", "transaction.state.log", "share.coordinator.state.topic"}) {
            p.setProperty(topic + ".replication.factor", replicas);
            p.setProperty(topic + ".num.partitions", replicas);
        }
        p.setProperty("transaction.state.log.min.isr", inSync);
        p.setProperty("share.coordinator.state.topic.min.isr", inSync);
        p.setProperty("default.replication.factor", replicas);
        p.setProperty("min.insync.replicas", inSync);
        p.setProperty("auto.create.topics.enable", "false");
        p.setProperty("group.initial.rebalance.delay.ms", "0");
        // A node that was killed is missed after 4 s, not 9.
        p.setProperty("broker.session.timeout.ms", "4000");
        p.setProperty("broker.heartbeat.interval.ms", "500");
        p.setProperty("num.network.threads", "2");
        p.setProperty("num.io.threads", "3");
        p.setProperty("background.threads", "2");
        p.setProperty("log.cleaner.dedupe.buffer.size", Integer.toString(2 * 1024 * 1024));
        return p;
    }
}
