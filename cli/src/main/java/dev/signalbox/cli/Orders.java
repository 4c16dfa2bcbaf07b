package dev.signalbox.cli;

import dev.signalbox.cli.PoolState.Given;
import dev.signalbox.schemas.PoolName;
import dev.signalbox.schemas.Topics;
import dev.signalbox.schemas.avro.ControlAction;
import dev.signalbox.schemas.avro.ControlOrder;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Operators' orders on {@code llm.control}: how they are written, shown and read. */
final class Orders {
    /** An order must end before its record is deleted. */
    private static final Duration LONGEST = Duration.ofDays(6);

    private Orders() {
    }

    static ControlOrder.Builder order(ControlAction action, Duration duration, Reason reason) {
        return record(action, duration, reason.who(), reason.why());
    }

    /**
     * That somebody put a configuration in force.
     *
     * @param pool whose settings were edited; null where it was the whole text
     */
    static ControlOrder configured(long generation, @Nullable PoolName pool, String who, String why) {
        return record(ControlAction.CONFIGURE, Duration.ZERO, who, why).setGeneration(generation)
                .setPool(pool == null ? null : pool.value()).build();
    }

    private static ControlOrder.Builder record(ControlAction action, Duration duration, String who, String why) {
        return ControlOrder.newBuilder().setDeployment("").setAction(action).setDurationMillis(duration.toMillis())
                .setWho(who).setWhy(why);
    }

    /** @param instead what to do for longer */
    static void bounded(Duration duration, String instead) {
        if (duration.compareTo(LONGEST) > 0) {
            throw new CommandFailure(ExitCode.USAGE, "--for " + duration.toHours()
                    + "h is longer than an order can be (6d); for good, " + instead);
        }
    }

    static int preview(Terminal terminal) {
        terminal.say("nothing was ordered; to order it, add --execute");
        return ExitCode.SOME_FAILED.number();
    }

    /** That an order which holds would end. */
    static String wouldEnd(Given given) {
        ControlOrder order = given.order();
        return given.about() + ": " + order.getAction() + " until " + Instant.ofEpochMilli(given.untilMillis())
                + " by " + order.getWho() + " (" + order.getWhy() + ") ends now";
    }

    static String until(long atMillis, Duration duration, Reason reason) {
        return " until " + Instant.ofEpochMilli(atMillis + duration.toMillis()) + " by " + reason.who() + ": "
                + reason.why();
    }

    /** All that are kept under such keys, the oldest first. */
    static List<Given> read(Clients clients, TopicScan scan, Predicate<byte[]> keys) {
        AvroDeserializer<ControlOrder> controls = new AvroDeserializer<>(ControlOrder.class,
                SchemaRegistryClient.of(clients.registryProperties()));
        List<Given> orders = new ArrayList<>();
        scan.read(scan.starts(List.of(Topics.CONTROL), 0), record -> {
            if (record.key() != null && record.value() != null
                    && keys.test(record.key().getBytes(StandardCharsets.UTF_8))) {
                ControlOrder order = controls.deserialize(record.topic(), record.value());
                if (order != null) {
                    orders.add(new Given(order, record.timestamp()));
                }
            }
        });
        orders.sort(Comparator.comparingLong(Given::atMillis));
        return orders;
    }

    /** Of the orders about one thing, the oldest first, the one that holds now. */
    static Optional<Given> holds(List<Given> ofOne, long nowMillis) {
        return ofOne.isEmpty()
                ? Optional.empty()
                : Optional.of(ofOne.getLast()).filter(last -> last.order().getAction() != ControlAction.RESTORE
                        && last.untilMillis() > nowMillis);
    }

    /** Seconds that it still holds. */
    static String left(long nowMillis, Optional<Given> order) {
        return order.map(given -> Long.toString(Math.max(0, given.untilMillis() - nowMillis) / 1_000)).orElse("-");
    }
}
