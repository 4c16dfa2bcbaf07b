package dev.signalbox.cli;

import dev.signalbox.cli.deadletters.DeadLetterLog;
import dev.signalbox.cli.deadletters.KeptRecord;
import dev.signalbox.cli.deadletters.Replay;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.client.FailedSendListener;
import dev.signalbox.schemas.client.InvalidRequestException;
import dev.signalbox.schemas.client.PreparedRequest;
import dev.signalbox.schemas.client.RequestProducer;
import dev.signalbox.schemas.client.RequestProducerOptions;
import dev.signalbox.schemas.serde.AvroDeserializer;
import dev.signalbox.schemas.serde.JsonRecords;
import dev.signalbox.schemas.serde.RequestCodec;
import dev.signalbox.schemas.serde.SchemaRegistryClient;
import dev.signalbox.schemas.serde.ValueForm;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.header.Header;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** What could not be served or not even be answered, and sending it again. */
@Command(name = "dead-letters", description = "Lists and shows records that could not be served, and sends them again, as they were or mended, as new requests.")
final class DeadLettersCommand implements Runnable {
    private static final String PLACE = "Its name, as the list has it: <partition>-<offset> in llm.dead-letters.";
    private static final int MOST_REPLAYED = 10_000;

    @ParentCommand
    private Shell shell = Shell.NONE;

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public void run() {
        if (spec != null) {
            throw new ParameterException(spec.commandLine(), "dead-letters: list, show, replay or edit?");
        }
    }

    @Command(name = "list", description = "Dead letters, the latest last; without a word of what is in them.")
    int list(@Mixin InstallationOptions options,
            @Option(names = "--since", paramLabel = "DURATION", defaultValue = "24h", description = "Those of so long ago or later; default ${DEFAULT-VALUE}.") Duration since,
            @Option(names = "--reason", paramLabel = "REASON", description = "Only those with that reason.") @Nullable String reason,
            @Option(names = "--limit", paramLabel = "N", defaultValue = "100", description = "Only the last so many; default ${DEFAULT-VALUE}.") int limit,
            @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.") Rows.Form form)
            throws InterruptedException {
        if (limit < 1 || limit > MOST_REPLAYED) {
            throw new CommandFailure(ExitCode.USAGE, "--limit must be from 1 to " + MOST_REPLAYED + ", not " + limit);
        }
        List<KeptRecord> found = found(options, since, reason, limit);
        Rows rows = new Rows("name", "at", "reason", "from", "key", "bytes", "message");
        for (KeptRecord letter : found) {
            rows.add(letter.place(), Instant.ofEpochMilli(letter.atMillis()).toString(), letter.why().reason(),
                    letter.origin(), letter.key().orElse("-"), size(letter), letter.why().message());
        }
        rows.print(form, shell.terminal().out());
        return ExitCode.OK.number();
    }

    private static int size(KeptRecord letter) {
        byte[] value = letter.value();
        return value == null ? 0 : value.length;
    }

    /** By time, the last so many. */
    private List<KeptRecord> found(InstallationOptions options, Duration since, @Nullable String reason, int limit)
            throws InterruptedException {
        Clients clients = options.reachable();
        Deque<KeptRecord> last = new ArrayDeque<>();
        int[] all = {0};
        new DeadLetterLog(clients).read(Math.max(1, System.currentTimeMillis() - since.toMillis()), letter -> {
            if (reason == null || reason.equalsIgnoreCase(letter.why().reason())) {
                last.add(letter);
                all[0]++;
                if (last.size() > 2 * limit) {
                    keepLast(last, limit);
                }
            }
        });
        keepLast(last, limit);
        if (all[0] > last.size()) {
            shell.terminal().say("the last " + last.size() + " of " + all[0] + " dead letters; see --limit, --reason");
        }
        return List.copyOf(last);
    }

    private static void keepLast(Deque<KeptRecord> letters, int limit) {
        List<KeptRecord> byTime = new ArrayList<>(letters);
        byTime.sort(Comparator.comparingLong(KeptRecord::atMillis));
        letters.clear();
        letters.addAll(byTime.subList(Math.max(0, byTime.size() - limit), byTime.size()));
    }

    @Command(name = "show", description = "All that is known of one; what its caller wrote only with --content.")
    int show(@Mixin InstallationOptions options, @Parameters(paramLabel = "NAME", description = PLACE) String place,
            @Option(names = "--content", description = "Also the values of its own headers, and its bytes: text where they are UTF-8, else base64.") boolean content,
            @Option(names = "-o", paramLabel = "FORM", defaultValue = "table", description = "table, json or yaml.") Rows.Form form)
            throws InterruptedException {
        KeptRecord letter = new DeadLetterLog(options.reachable()).at(place);
        Rows rows = new Rows("what", "value");
        rows.add("name", letter.place());
        rows.add("at", Instant.ofEpochMilli(letter.atMillis()).toString());
        rows.add("reason", letter.why().reason());
        rows.add("message", letter.why().message());
        rows.add("from", letter.origin());
        letter.why().end().ifPresent(end -> rows.add("until", end));
        if (letter.why().timestampMillis() >= 0) {
            rows.add("appended", Instant.ofEpochMilli(letter.why().timestampMillis()).toString());
        }
        rows.add("key", letter.key().orElse("-"));
        rows.add("bytes", size(letter));
        for (Header header : letter.headers()) {
            byte[] value = header.value();
            rows.add("header " + header.key(), content
                    ? KeptRecord.shown(value)
                    : (value == null ? 0 : value.length) + " bytes");
        }
        if (content) {
            rows.add("value", KeptRecord.shown(letter.value()));
        }
        rows.print(form, shell.terminal().out());
        return ExitCode.OK.number();
    }

    @Command(name = "replay", description = "Sends them again as they were, as new requests; without --execute only says which.")
    int replay(@Mixin InstallationOptions options,
            @Parameters(arity = "0..*", paramLabel = "NAME", description = PLACE
                    + " Without one, all of --reason.") @Nullable List<String> places,
            @Option(names = "--reason", paramLabel = "REASON", description = "All with that reason.") @Nullable String reason,
            @Option(names = "--since", paramLabel = "DURATION", defaultValue = "24h", description = "With --reason: those of so long ago or later; default ${DEFAULT-VALUE}.") Duration since,
            @Option(names = "--execute", description = "Do it.") boolean execute) throws InterruptedException {
        List<String> names = places == null ? List.of() : places;
        boolean named = !names.isEmpty();
        if (named == (reason != null)) {
            throw new CommandFailure(ExitCode.USAGE, "which ones? Name them, or give --reason");
        }
        Clients clients = options.reachable();
        RequestCodec codec = codec(clients);
        DeadLetterLog log = new DeadLetterLog(clients);
        List<KeptRecord> letters = named
                ? names.stream().map(log::at).toList()
                : found(options, since, reason, MOST_REPLAYED);
        List<Replay> replays = new ArrayList<>();
        int left = 0;
        for (KeptRecord letter : letters) {
            try {
                replays.add(Replay.of(letter, codec, newId()));
            } catch (CommandFailure e) {
                left++;
                shell.terminal().fault(e.lines());
            }
        }
        if (named && left > 0) {
            return ExitCode.USAGE.number();
        }
        send(clients, replays, execute);
        return (left > 0 ? ExitCode.SOME_FAILED : ExitCode.OK).number();
    }

    @Command(name = "edit", description = "Without --from prints the request as JSON, or, if it cannot be read, its bytes: what its caller wrote. With --from sends what was made of it, as a new request; without --execute only checks it.")
    int edit(@Mixin InstallationOptions options, @Parameters(paramLabel = "NAME", description = PLACE) String place,
            @Option(names = "--from", paramLabel = "FILE", description = "The mended request, in its JSON form; - for standard input.") @Nullable Path from,
            @Option(names = "--execute", description = "Send it.") boolean execute)
            throws InterruptedException, IOException {
        Clients clients = options.reachable();
        RequestCodec codec = codec(clients);
        KeptRecord letter = new DeadLetterLog(clients).at(place);
        if (from == null) {
            PrintStream out = shell.terminal().out();
            out.write(Replay.editable(letter, codec));
            out.println();
            out.flush();
            return ExitCode.OK.number();
        }
        byte[] json = from.toString().equals("-") ? shell.in().readAllBytes() : Files.readAllBytes(from);
        send(clients, List.of(Replay.edited(letter, json, codec, newId())), execute);
        return ExitCode.OK.number();
    }

    private static RequestCodec codec(Clients clients) {
        return new RequestCodec(
                new AvroDeserializer<>(LlmRequest.class, SchemaRegistryClient.of(clients.registryProperties())),
                new JsonRecords());
    }

    private static String newId() {
        return "replay-" + UUID.randomUUID();
    }

    /** Checks all of them before it sends the first. */
    private void send(Clients clients, List<Replay> replays, boolean execute) {
        Map<ValueForm, RequestProducer> producers = new EnumMap<>(ValueForm.class);
        Rows rows = new Rows("request", "replay_of", "topic");
        try {
            List<Runnable> sends = new ArrayList<>();
            for (Replay replay : replays) {
                RequestProducer producer = producers.computeIfAbsent(replay.form(),
                        form -> RequestProducer.open(clients.kafkaProperties(),
                                RequestProducerOptions.DEFAULT.withForm(form), FailedSendListener.NONE));
                PreparedRequest prepared = producer.prepare(replay.lane(), replay.request(), replay.headers());
                sends.add(() -> producer.send(prepared).join());
                rows.add(execute ? prepared.requestId() : "-", String.valueOf(replay.request().getReplayOf()),
                        prepared.topic());
            }
            if (execute) {
                sends.forEach(Runnable::run);
            }
        } catch (InvalidRequestException e) {
            throw new CommandFailure(ExitCode.USAGE, "nothing was sent: " + e.getMessage(), e);
        } catch (CompletionException e) {
            throw KafkaTrouble.of(e.getCause() == null ? e : e.getCause(), clients.bootstrapServers());
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        } finally {
            producers.values().forEach(RequestProducer::close);
        }
        rows.print(Rows.Form.TABLE, shell.terminal().out());
        if (!execute) {
            shell.terminal().say("nothing was sent; --execute sends them");
        }
    }
}
