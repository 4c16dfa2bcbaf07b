package dev.signalbox.cli.deadletters;

import dev.signalbox.cli.Clients;
import dev.signalbox.cli.CommandFailure;
import dev.signalbox.cli.ExitCode;
import dev.signalbox.cli.KafkaTrouble;
import dev.signalbox.cli.TopicScan;
import dev.signalbox.schemas.DeadLetter;
import dev.signalbox.schemas.Topics;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;

/** {@code llm.dead-letters} as it is now. */
public final class DeadLetterLog {
    private static final Pattern PLACE = Pattern.compile("([0-9]{1,9})-([0-9]{1,18})");

    private final Clients clients;

    public DeadLetterLog(Clients clients) {
        this.clients = clients;
    }

    /**
     * Tells of each dead letter since then; those of one partition in their order.
     *
     * @param sinceMillis ms since 1970
     */
    public void read(long sinceMillis, Consumer<KeptRecord> each) {
        try (TopicScan scan = new TopicScan(clients)) {
            scan.read(scan.starts(List.of(Topics.DEAD_LETTERS), sinceMillis),
                    record -> kept(record).ifPresent(each));
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        }
    }

    /** The one at that place. @throws CommandFailure if there is none */
    public KeptRecord at(String place) {
        Matcher named = PLACE.matcher(place);
        if (!named.matches()) {
            throw new CommandFailure(ExitCode.USAGE,
                    "\"" + place + "\" names no dead letter: dead-letters list shows names such as 3-120");
        }
        String partition = Topics.DEAD_LETTERS + "-" + Integer.parseInt(named.group(1));
        long offset = Long.parseLong(named.group(2));
        List<KeptRecord> found = new ArrayList<>(1);
        try (TopicScan scan = new TopicScan(clients)) {
            if (offset < scan.ends(List.of(Topics.DEAD_LETTERS)).getOrDefault(partition, 0L)) {
                scan.read(Map.of(partition, offset), Map.of(partition, offset + 1),
                        record -> kept(record).filter(letter -> record.offset() == offset).ifPresent(found::add));
            }
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        }
        return found.stream().findFirst().orElseThrow(() -> new CommandFailure(ExitCode.USAGE,
                "there is no dead letter " + place + "; dead-letters list shows those that there are"));
    }

    private static Optional<KeptRecord> kept(ConsumerRecord<String, byte[]> record) {
        return DeadLetter.of(record.headers())
                .map(why -> new KeptRecord(record.partition() + "-" + record.offset(), record.timestamp(),
                        Optional.ofNullable(record.key()), record.value(), DeadLetter.originals(record.headers()),
                        why));
    }
}
