package dev.signalbox.cli.batch;

import dev.signalbox.schemas.Priority;
import dev.signalbox.schemas.avro.LlmRequest;
import dev.signalbox.schemas.avro.StreamPolicy;
import java.nio.ByteBuffer;
import java.time.Duration;

/** Makes the request record of a line. */
final class RequestBuilder {
    private RequestBuilder() {
    }

    /** @param options the line's own with the command's defaults */
    static LlmRequest build(String requestId, BatchLine line, RequestOptions options) {
        return LlmRequest.newBuilder().setId(requestId).setModel(line.shape().model()).setUseCase(useCase(options))
                .setTenant(options.tenant().orElse(RequestOptions.DEFAULT_TENANT))
                .setDepartment(options.department().orElse(null)).setBodyFormat(line.format())
                .setBody(ByteBuffer.wrap(line.body()))
                .setStreamTokens(line.shape().streamed())
                .setStreamPolicy(options.streamPolicy().orElse(StreamPolicy.RESTART))
                .setTimeToLiveMillis(options.timeToLive().map(Duration::toMillis).orElse(null))
                .setPromptTemplate(options.promptTemplate().orElse(null))
                .setExperiment(options.experiment().orElse(null)).setLabels(options.labels()).build();
    }

    static String useCase(RequestOptions options) {
        return options.useCase().orElse(RequestOptions.DEFAULT_USE_CASE);
    }

    static Priority priority(RequestOptions options) {
        return options.priority().orElse(Priority.BATCH);
    }

    static Duration timeToLive(RequestOptions options) {
        return options.timeToLive().orElse(priority(options).defaultTimeToLive());
    }
}
