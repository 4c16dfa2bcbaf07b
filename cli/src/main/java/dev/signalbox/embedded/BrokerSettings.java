package dev.signalbox.embedded;

import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.kafka.common.security.auth.SecurityProtocol;

/** The broker properties of a single node that shares its machine with workers, vendors and the user's own work. */
final class BrokerSettings {
    static final int NODE_ID = 1;
    static final String CONTROLLER_LISTENER = "CONTROLLER";

    private BrokerSettings() {
    }

    /** @param ports of the listeners; each is named as its protocol */
    static Properties of(Path folder, String host, Map<SecurityProtocol, Integer> ports, int controllerPort) {
        Properties p = new Properties();
        p.setProperty("node.id", Integer.toString(NODE_ID));
        p.setProperty("process.roles", "broker,controller");
        p.setProperty("log.dirs", folder.toString());
        String controller = host + ":" + controllerPort;
        String clients = ports.entrySet().stream().map(e -> e.getKey() + "://" + host + ":" + e.getValue())
                .collect(Collectors.joining(","));
        p.setProperty("controller.quorum.voters", NODE_ID + "@" + controller);
        p.setProperty("controller.listener.names", CONTROLLER_LISTENER);
        p.setProperty("listeners", clients + "," + CONTROLLER_LISTENER + "://" + controller);
        p.setProperty("advertised.listeners",
                ports.entrySet().stream()
                        .map(e -> e.getKey() + "://" + (e.getKey() == SecurityProtocol.PLAINTEXT ? host : "localhost")
                                + ":"
                                + e.getValue())
                        .collect(Collectors.joining(",")));
        p.setProperty("listener.security.protocol.map", CONTROLLER_LISTENER + ":PLAINTEXT,PLAINTEXT:PLAINTEXT,"
                + "SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL");
        p.setProperty("inter.broker.listener.name", "PLAINTEXT");
        singleNode(p);
        small(p);
        return p;
    }

    /** What defaults to three brokers, and waits that make sense only among several nodes. */
    private static void singleNode(Properties p) {
        p.setProperty("offsets.topic.replication.factor", "1");
        p.setProperty("offsets.topic.num.partitions", "1");
        p.setProperty("transaction.state.log.replication.factor", "1");
        p.setProperty("transaction.state.log.min.isr", "1");
        p.setProperty("transaction.state.log.num.partitions", "1");
        p.setProperty("share.coordinator.state.topic.replication.factor", "1");
        p.setProperty("share.coordinator.state.topic.min.isr", "1");
        p.setProperty("share.coordinator.state.topic.num.partitions", "1");
        p.setProperty("default.replication.factor", "1");
        p.setProperty("min.insync.replicas", "1");
        // After a kill -9 the broker may register again only when its former session has run out.
        p.setProperty("broker.session.timeout.ms", "2000");
        p.setProperty("broker.heartbeat.interval.ms", "200");
        p.setProperty("group.initial.rebalance.delay.ms", "0");
        // Topics come from the catalogue; a mistyped name must not make one.
        p.setProperty("auto.create.topics.enable", "false");
    }

    private static void small(Properties p) {
        p.setProperty("log.cleaner.dedupe.buffer.size", Integer.toString(2 * 1024 * 1024));
        p.setProperty("num.network.threads", "2");
        p.setProperty("num.io.threads", "4");
        p.setProperty("background.threads", "2");
        p.setProperty("num.recovery.threads.per.data.dir", "2");
        // Requests may carry images: 8 MiB a record, as the clients are set.
        p.setProperty("message.max.bytes", Integer.toString(8 * 1024 * 1024));
    }
}
