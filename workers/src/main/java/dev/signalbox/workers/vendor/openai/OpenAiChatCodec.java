package dev.signalbox.workers.vendor.openai;

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
import java.util.OptionalInt;

/** OpenAI Chat Completions: {@code POST <base URL>/chat/completions}. */
public final class OpenAiChatCodec implements VendorCodec {
    private static final String PATH = "/chat/completions";

    private final OpenAiFailureClassifier classifier = new OpenAiFailureClassifier();

    @Override
    public Encoded encode(Call call, Optional<Secret> credential) {
        if (call.format() != BodyFormat.OPENAI_CHAT_COMPLETIONS) {
            return refused("the deployment does not speak " + call.format());
        }
        ChatRequestBody body;
        try {
            body = ChatRequestBody.splice(call.body(), call.deployment().modelId(), call.streamed());
        } catch (IOException notJson) {
            return refused("the request body is not one JSON object in UTF-8");
        }
        List<HttpHeader> headers = new ArrayList<>(3);
        headers.add(new HttpHeader("Accept", call.streamed() ? "text/event-stream" : "application/json"));
        headers.add(new HttpHeader("X-Client-Request-Id", call.requestId()));
        credential.ifPresent(secret -> headers.add(new HttpHeader("Authorization", "Bearer " + secret.value())));
        return new Encoded.Ready(url(call), headers, body.bytes(), body.choices());
    }

    private static String url(Call call) {
        String base = call.deployment().baseUrl().toString();
        return base.endsWith("/") ? base.substring(0, base.length() - 1) + PATH : base + PATH;
    }

    private static Encoded refused(String message) {
        return new Encoded.Refused(new AttemptFailure(FailureClass.INVALID_REQUEST, OptionalInt.empty(), message,
                Optional.empty()));
    }

    @Override
    public StreamDecoder decoder(Call call, Encoded.Ready request, UsageEstimate estimate, TokenSink sink) {
        return new ChatStreamDecoder(call.body(), estimate, request.choices(),
                call.deployment().vendor().sendsDoneMarker(),
                classifier, sink);
    }

    @Override
    public Decoded decode(Call call, byte[] body) {
        return ChatAnswer.read(body, classifier);
    }

    @Override
    public byte[] withBeginning(byte[] answer, String text) {
        return ChatBeginning.put(answer, text);
    }

    @Override
    public AttemptFailure classify(VendorError error) {
        return classifier.classify(error);
    }
}
