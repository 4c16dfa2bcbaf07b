package dev.signalbox.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.signalbox.schemas.Topics;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** A request's answer, now or as it comes. */
@Command(name = "replies", description = "Shows the answer to a request that was sent, by whomever.", footer = {"",
        "Exit codes: 0 answered, 2 bad input, 3 no good answer, or none yet, 6 Kafka cannot be reached."})
final class RepliesCommand implements Runnable {
    private static final Duration FOR_EVER = Duration.ofDays(365);

    @ParentCommand
    private Shell shell = Shell.NONE;

    @Spec
    private @Nullable CommandSpec spec;

    /** Where to look for it. */
    static final class Place {
        @Option(names = "--dispatcher", paramLabel = "URL", defaultValue = "${env:SIGNALBOX_DISPATCHER}", description = "Any dispatcher, which knows the last 24 h at once; without it, llm.status is looked through.")
        private @Nullable URI dispatcher;

        @Option(names = "--reply-topic", paramLabel = "NAME", description = "Where its reply goes; by default what was told of the request, else llm.replies.")
        private @Nullable String replyTopic;

        @Option(names = "--tokens-topic", paramLabel = "NAME", defaultValue = Topics.TOKENS, description = "Where its tokens go; default ${DEFAULT-VALUE}.")
        private String tokensTopic = Topics.TOKENS;

        @Option(names = "--within", paramLabel = "DURATION", defaultValue = "30s", description = "How long to look through a topic at most; default ${DEFAULT-VALUE}.")
        private Duration within = Duration.ofSeconds(30);

        @Mixin
        private KafkaOptions kafka = new KafkaOptions();
        @Mixin
        private DataFolder data = new DataFolder();
    }

    @Override
    public void run() {
        if (spec != null) {
            throw new ParameterException(spec.commandLine(), "replies: get or tail?");
        }
    }

    @Command(name = "get", description = "The answer to a request that has ended.")
    int get(@Parameters(paramLabel = "REQUEST_ID", description = "Id of the request.") String id, @Mixin Place place,
            @Option(names = "-o", paramLabel = "FORM", defaultValue = "text", description = "text: the answer; json: the reply's record.") Form form)
            throws IOException, InterruptedException {
        return follow(id, place, form, true).number();
    }

    @Command(name = "tail", description = "A request's tokens from the first one, then as they come, until it ends.")
    int tail(@Parameters(paramLabel = "REQUEST_ID", description = "Id of the request.") String id,
            @Mixin Place place) throws IOException, InterruptedException {
        return follow(id, place, Form.TEXT, false).number();
    }

    /** How an answer is shown. */
    enum Form {
        TEXT,
        JSON
    }

    private ExitCode follow(String id, Place place, Form form, boolean onlyEnded)
            throws IOException, InterruptedException {
        Clients clients = place.kafka.running(place.data).orElseGet(place.kafka::required);
        clients.clusterId();
        Optional<JsonNode> found = new Whereabouts(clients, place.dispatcher, place.within).told(id);
        JsonNode told = found.orElse(MissingNode.getInstance());
        String state = told.path("state").asText("queued").toLowerCase(Locale.ROOT);
        if (onlyEnded && found.isPresent() && !state.equals("ended")) {
            throw new CommandFailure(ExitCode.SOME_FAILED, "request \"" + id + "\" is " + state
                    + "; to follow it: signalbox replies tail " + id);
        }
        String replyTopic = place.replyTopic == null
                ? told.path("replyTopic").asText(Topics.REPLIES)
                : place.replyTopic;
        try {
            ReplyFollower follower = new ReplyFollower(clients, replyTopic, place.tokensTopic);
            return follower.follow(shell, id, follower.start(told), form == Form.JSON,
                    onlyEnded ? place.within : FOR_EVER);
        } catch (KafkaException e) {
            throw KafkaTrouble.of(e, clients.bootstrapServers());
        }
    }
}
