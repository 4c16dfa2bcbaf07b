package dev.signalbox.config.live;

import dev.signalbox.config.ConfigurationDiff;
import dev.signalbox.config.ConfigurationReader;
import dev.signalbox.config.Problem;
import dev.signalbox.config.ReadResult;
import dev.signalbox.config.live.ConfigurationLog.Entry;
import dev.signalbox.config.live.ConfigurationLog.Reading;
import dev.signalbox.config.live.ConfigurationSource.Live;
import dev.signalbox.config.live.ConfigurationSource.Text;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.ConfigurationRecord;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What of {@code llm.config} is in force in this process. Which record holds, {@link ConfigurationLog} says, to all alike; what
 * cannot be used here, because it is not valid or a reference has no value, leaves in force what was, and says so.
 *
 * <p>INVARIANT: the taker is told on one thread at a time, first of what holds when all was read that was there at the start.
 */
public final class LiveConfiguration implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LiveConfiguration.class);
    private static final int SHOWN = 20;

    private final Live source;
    private final Map<String, Object> client;
    private final Taker taker;
    private final ConfigurationLog log = new ConfigurationLog();
    private final TopicFollower follower;
    private final CountDownLatch first = new CountDownLatch(1);
    private boolean caughtUp;
    private long readUpTo = -1;
    private boolean compared;
    private volatile Optional<InForce> inForce = Optional.empty();
    private volatile boolean lastSuccessful = true;
    private volatile boolean closing;

    /** Who goes by the configuration. */
    public interface Taker {
        /**
         * Takes it over, all of it or nothing.
         *
         * @throws IllegalArgumentException if it cannot be taken over while the process runs; says why
         */
        void take(InForce next);
    }

    private LiveConfiguration(Live source, Map<String, Object> client, Taker taker) {
        this.source = source;
        this.client = Map.copyOf(client);
        this.taker = taker;
        this.follower = TopicFollower.start(client, Map.of(Topics.CONFIG, this::read), "live-configuration");
    }

    /**
     * Returns at once.
     *
     * @param client for every Kafka client
     */
    public static LiveConfiguration start(Live source, Map<String, Object> client, Taker taker) {
        LiveConfiguration live = new LiveConfiguration(source, client, taker);
        Thread.ofVirtual().name("live-configuration-start").start(live::begin);
        return live;
    }

    /** What this process goes by; empty while it waits for one. */
    public Optional<InForce> inForce() {
        return inForce;
    }

    /** Waits until there is one, but no longer than that. */
    public void awaitFirst(Duration limit) {
        try {
            first.await(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether the last configuration that held could be used here. */
    public boolean lastSuccessful() {
        return lastSuccessful;
    }

    private void begin() {
        boolean slow = false;
        while (!follower.awaitFirstReading()) {
            if (closing) {
                return;
            }
            if (!slow) {
                slow = true;
                LOG.warn("nothing is served yet: {} could not be read so far", Topics.CONFIG);
            }
        }
        synchronized (this) {
            caughtUp = true;
            List<Entry> history = log.history();
            for (int i = history.size() - 1; i >= 0 && inForce.isEmpty(); i--) {
                use(history.get(i));
            }
            lastSuccessful = inForce.isEmpty() || inForce.get().generation() == history.getLast().generation();
        }
        if (inForce.isEmpty()) {
            source.file().ifPresentOrElse(this::seed, () -> LOG.warn(
                    "there is no configuration yet: waiting for one; signalbox config apply FILE --execute writes it"));
        }
    }

    /** Where nothing is in force, the process's own file becomes the first, unless somebody else's was faster. */
    private void seed(Text file) {
        ConfigurationRecord first;
        synchronized (this) {
            first = log.next(file.yaml(), "a starting process", "from " + file.name());
        }
        try (ConfigurationTopic topic = new ConfigurationTopic(client)) {
            topic.write(first);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.warn("{} could not be put into {}; this process goes by it alone: {}", file.name(), Topics.CONFIG,
                    e.toString());
            ownFile(file);
        }
    }

    private synchronized void ownFile(Text file) {
        if (inForce.isEmpty()
                && ConfigurationReader.read(file.name(), file.yaml(),
                        source.environment()) instanceof ReadResult.Valid valid) {
            take(new InForce(0, valid.configuration()), "");
        }
    }

    private synchronized void read(ConsumerRecord<byte[], byte[]> record) {
        boolean news = record.offset() > readUpTo;
        readUpTo = Math.max(readUpTo, record.offset());
        String key = ConfigurationKey.parse(record.key()).orElse(null);
        if (key == null) {
            return;
        }
        if (record.value() == null) {
            log.deleted(key);
            return;
        }
        ConfigurationRecord value = ConfigurationTopic.parse(record.value());
        switch (log.read(Entry.of(key, value, record.timestamp()))) {
            case Reading.Taken(Entry entry) -> {
                if (caughtUp) {
                    use(entry);
                }
            }
            case Reading.Outrun(Entry entry, var holds) -> {
                // Processes that start together bring the same file along.
                if (news && caughtUp && holds.filter(now -> now.text().equals(entry.text())).isEmpty()) {
                    LOG.warn("generation {} of {} ({}) is left out: its parent is {}, and {} holds", entry.generation(),
                            entry.who(), entry.why(), entry.parent(),
                            holds.map(now -> now.generation() + " of " + now.who()).orElse("none"));
                }
            }
            case Reading.Known known -> {
            }
        }
    }

    private void use(Entry entry) {
        String name = source.folder().resolve("generation " + entry.generation() + " of " + Topics.CONFIG).toString();
        switch (ConfigurationReader.read(name, entry.text(), source.environment())) {
            case ReadResult.Valid valid -> {
                if (take(new InForce(entry.generation(), valid.configuration()),
                        " of " + entry.who() + " (" + entry.why() + ")")) {
                    compare(entry);
                }
            }
            case ReadResult.Invalid invalid -> {
                lastSuccessful = false;
                LOG.error("generation {} of {} cannot be used here; {} stays in force: {}", entry.generation(),
                        entry.who(), inWords(), String.join("; ",
                                invalid.problems().stream().limit(SHOWN).map(Problem::toString).toList()));
            }
        }
    }

    private boolean take(InForce next, String whose) {
        try {
            requireSameEnvironment(next);
            taker.take(next);
        } catch (RuntimeException e) {
            lastSuccessful = false;
            LOG.error("generation {} cannot be used here; {} stays in force: {}", next.generation(), inWords(),
                    e.getMessage(), e instanceof IllegalArgumentException ? null : e);
            return false;
        }
        inForce = Optional.of(next);
        lastSuccessful = true;
        first.countDown();
        LOG.info("configuration: generation {}{} is in force", next.generation(), whose);
        return true;
    }

    private void requireSameEnvironment(InForce next) {
        String wanted = next.configuration().environment();
        inForce.map(now -> now.configuration().environment()).filter(now -> !now.equals(wanted)).ifPresent(now -> {
            throw new IllegalArgumentException("the environment of running processes does not change: it is \"" + now
                    + "\", and would be \"" + wanted + "\"");
        });
    }

    private String inWords() {
        return inForce.map(now -> "generation " + now.generation()).orElse("none");
    }

    /** The own file is only compared: what is in force is what all have. */
    private void compare(Entry entry) {
        if (compared || source.file().isEmpty()) {
            return;
        }
        compared = true;
        Text file = source.file().get();
        List<ConfigurationDiff.Change> changes = ConfigurationDiff.between(file.yaml(), entry.text());
        if (!changes.isEmpty()) {
            LOG.warn("{} is not what is in force: generation {} of {} is, which differs from it in {} places; signalbox"
                    + " config apply {} --execute puts the file in force. From the file to what is in force: {}",
                    file.name(), entry.generation(), entry.who(), changes.size(), file.name(),
                    String.join("; ", changes.stream().limit(SHOWN).map(Object::toString).toList()));
        }
    }

    @Override
    public void close() {
        closing = true;
        follower.close();
    }
}
