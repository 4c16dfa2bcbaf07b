package dev.signalbox.workers.vendor.anthropic;

import dev.signalbox.config.Secret;
import dev.signalbox.schemas.avro.BodyFormat;
import dev.signalbox.workers.vendor.AttemptFailure;
import dev.signalbox.workers.vendor.Decoded;
import dev.signalbox.workers.vendor.FailureClass;
import dev.signalbox.workers.vendor.StreamDecoder;
import dev.signalbox.workers.vendor.TokenSink;
import dev.signalbox.workers.vendor.VendorClient.Call;
import dev.signalbox.workers.vendor.UsageEstimate;
import dev.signalbox.workers.vendor.VendorCodec;
import dev.signalbox.workers.vendor.VendorError;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Anthropic Messages: {@code POST <base URL>/v1/messages}. */
public final class MessagesCodec implements VendorCodec {
    private static final String VERSION = "2023-06-01";

    private final AnthropicFailureClassifier classifier = new AnthropicFailureClassifier();

    @Override
    public Encoded encode(Call call, Optional<Secret> credential) {
        if (call.format() != BodyFormat.ANTHROPIC_MESSAGES) {
            return refused("the deployment does not speak " + call.format());
        }
        byte[] body;
        try {
            body = MessagesRequestBody.splice(call.body(), call.deployment().modelId(), call.streamed());
        } catch (IOException notJson) {
            return refused("the request body is not one JSON object in UTF-8");
        }
        List<HttpHeader> headers = new ArrayList<>(4);
        headers.add(new HttpHeader("Accept", call.streamed() ? "text/event-stream" : "application/json"));
        headers.add(new HttpHeader("anthropic-version", VERSION));
        // The vendor does not ask for it; what stands between, and its log, tells calls of one request by it.
        headers.add(new HttpHeader("X-Client-Request-Id", call.requestId()));
        credential.ifPresent(secret -> headers.add(new HttpHeader("x-api-key", secret.value())));
        return new Encoded.Ready(url(call), headers, body, 1);
    }

    /** The vendor's base URL has no version; a gateway's may end with it. */
    private static String url(Call call) {
        String base = call.deployment().baseUrl().toString();
        String bare = base.endsWith("/") ? base.substring(0, base.length() - 1) : base;
        return bare + (bare.endsWith("/v1") ? "/messages" : "/v1/messages");
    }

    private static Encoded refused(String message) {
        return new Encoded.Refused(AttemptFailure.of(FailureClass.INVALID_REQUEST, message));
    }

    @Override
    public StreamDecoder decoder(Call call, Encoded.Ready request, UsageEstimate estimate, TokenSink sink) {
        return new MessageStreamDecoder(call.body(), estimate, classifier, sink);
    }

    @Override
    public Decoded decode(Call call, byte[] body) {
        return MessageAnswer.read(body, classifier);
    }

    @Override
    public byte[] withBeginning(byte[] answer, String text) {
        return MessageBeginning.put(answer, text);
    }

    @Override
    public AttemptFailure classify(VendorError error) {
        return classifier.classify(error);
    }
}
