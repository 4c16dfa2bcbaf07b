package dev.signalbox.system.benchmark;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import com.sun.tools.attach.VirtualMachine;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import javax.management.JMException;
import javax.management.MBeanServerConnection;
import javax.management.ObjectName;
import javax.management.remote.JMXConnector;
import javax.management.remote.JMXConnectorFactory;
import javax.management.remote.JMXServiceURL;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/**
 * What a dispatcher process uses and how far it is behind, read from outside: CPU time by thread and the share of each sub-topology
 * in its stream thread's work by JMX, the lag of both applications from what they have committed.
 */
final class DispatcherGauge implements AutoCloseable {
    static final List<String> APPLICATIONS = List.of("signalbox-control", "signalbox-usage");
    /** CPU of threads that Java does not show: compilers, collector, RocksDB. */
    static final String VM = "compilers, collector, RocksDB";
    private static final String PROCESSING = "-StreamThread-";

    private final JMXConnector connector;
    private final MBeanServerConnection jmx;
    private final OperatingSystemMXBean system;
    private final ThreadMXBean threads;
    private final Admin admin;

    /** @param pid of a dispatcher whose applications run */
    DispatcherGauge(long pid, Admin admin) throws Exception {
        VirtualMachine machine = VirtualMachine.attach(Long.toString(pid));
        try {
            connector = JMXConnectorFactory.connect(new JMXServiceURL(machine.startLocalManagementAgent()));
        } finally {
            machine.detach();
        }
        jmx = connector.getMBeanServerConnection();
        system = ManagementFactory.newPlatformMXBeanProxy(jmx, ManagementFactory.OPERATING_SYSTEM_MXBEAN_NAME,
                OperatingSystemMXBean.class);
        threads = ManagementFactory.newPlatformMXBeanProxy(jmx, ManagementFactory.THREAD_MXBEAN_NAME,
                ThreadMXBean.class);
        this.admin = admin;
    }

    /** CPU time so far, ns, of the whole process and of its threads by id. */
    record Cpu(long processNanos, Map<Long, Long> threadNanos, Map<Long, String> parts) {
        /** Since an earlier reading, by part of the work, ns. */
        Map<String, Long> since(Cpu before) {
            Map<String, Long> used = new TreeMap<>();
            long known = 0;
            for (Map.Entry<Long, Long> thread : threadNanos.entrySet()) {
                long nanos = thread.getValue() - before.threadNanos.getOrDefault(thread.getKey(), 0L);
                used.merge(parts.getOrDefault(thread.getKey(), "other"), nanos, Long::sum);
                known += nanos;
            }
            used.put(VM, processNanos - before.processNanos - known);
            return used;
        }
    }

    Cpu cpu() {
        long[] ids = threads.getAllThreadIds();
        Map<Long, Long> nanos = new HashMap<>();
        Map<Long, String> parts = new HashMap<>();
        long[] times = threads.getThreadCpuTime(ids);
        ThreadInfo[] infos = threads.getThreadInfo(ids);
        for (int i = 0; i < ids.length; i++) {
            if (times[i] >= 0 && infos[i] != null) {
                nanos.put(ids[i], times[i]);
                parts.put(ids[i], part(infos[i].getThreadName()));
            }
        }
        return new Cpu(system.getProcessCpuTime(), nanos, parts);
    }

    private static String part(String thread) {
        for (String application : APPLICATIONS) {
            if (thread.startsWith(application) && thread.contains(PROCESSING)) {
                return application;
            }
            if (thread.contains(application) && thread.contains("producer")) {
                return application + " sending";
            }
        }
        return thread.startsWith("RMI ") || thread.startsWith("JMX ") ? "this gauge" : "other threads";
    }

    /** How the stream threads divide their work just now: a share for {@code <application> <sub-topology>}, all of one application 1. */
    Map<String, Double> shares() throws IOException, JMException {
        Map<String, Double> shares = new TreeMap<>();
        for (ObjectName task : jmx.queryNames(new ObjectName("kafka.streams:type=stream-task-metrics,*"), null)) {
            String thread = task.getKeyProperty("thread-id");
            String id = task.getKeyProperty("task-id");
            for (String application : APPLICATIONS) {
                if (thread.startsWith(application)
                        && jmx.getAttribute(task, "active-process-ratio") instanceof Double share && share >= 0) {
                    shares.merge(application + " " + id.substring(0, id.indexOf('_')), share, Double::sum);
                }
            }
        }
        return shares;
    }

    /** Records that the applications have not committed yet, of all topics that they read. */
    long lag() throws ExecutionException, InterruptedException {
        long lag = 0;
        for (String application : APPLICATIONS) {
            Map<TopicPartition, OffsetAndMetadata> committed = admin.listConsumerGroupOffsets(application)
                    .partitionsToOffsetAndMetadata().get();
            Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
            committed.keySet().forEach(partition -> ends.put(partition, OffsetSpec.latest()));
            for (var end : new ArrayList<>(admin.listOffsets(ends).all().get().entrySet())) {
                lag += Math.max(0, end.getValue().offset() - committed.get(end.getKey()).offset());
            }
        }
        return lag;
    }

    @Override
    public void close() throws IOException {
        connector.close();
    }
}
