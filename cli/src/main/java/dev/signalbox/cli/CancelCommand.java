package dev.signalbox.cli;

import dev.signalbox.schemas.client.FailedSendListener;
import dev.signalbox.schemas.client.InvalidRequestException;
import dev.signalbox.schemas.client.RequestProducer;
import dev.signalbox.schemas.client.RequestProducerOptions;
import dev.signalbox.schemas.serde.ValueForm;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** Cancels requests by their ids. */
@Command(name = "cancel", description = "Asks for requests not to be served, or no further: they end with CANCELLED, unless they have ended or end otherwise first.", footer = {
        "", "Exit codes: 0 the fleet was told, 2 bad input, 6 Kafka cannot be reached."})
final class CancelCommand implements Callable<Integer> {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    @ParentCommand
    private Shell shell = Shell.NONE;

    @Parameters(arity = "1..*", paramLabel = "REQUEST_ID", description = "Ids of the requests; they may be still to come.")
    private List<String> ids = List.of();

    @Mixin
    private KafkaOptions kafka = new KafkaOptions();
    @Mixin
    private DataFolder data = new DataFolder();

    @Override
    public Integer call() throws InterruptedException {
        Clients clients = kafka.running(data).orElseGet(kafka::required);
        clients.clusterId();
        List<CompletableFuture<Void>> sent = new ArrayList<>();
        RequestProducer producer = RequestProducer.open(clients.kafkaProperties(),
                RequestProducerOptions.DEFAULT.withForm(ValueForm.JSON), FailedSendListener.NONE);
        try {
            ids.forEach(id -> sent.add(producer.cancel(id)));
            producer.flush(PATIENCE);
        } catch (InvalidRequestException e) {
            throw new CommandFailure(ExitCode.USAGE, String.valueOf(e.getMessage()), e);
        } finally {
            producer.close(Duration.ZERO);
        }
        try {
            sent.forEach(CompletableFuture::join);
        } catch (CompletionException e) {
            throw KafkaTrouble.of(e.getCause() == null ? e : e.getCause(), clients.bootstrapServers());
        }
        shell.terminal()
                .say("the fleet is told to cancel " + (ids.size() == 1 ? ids.getFirst() : ids.size() + " requests")
                        + "; what has ended stays as it is");
        return ExitCode.OK.number();
    }
}
