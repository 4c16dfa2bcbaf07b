package dev.signalbox.simulator;

import dev.signalbox.config.VendorFamily;
import dev.signalbox.simulator.RawClient.Exchange;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** What differs between the families, as a test's parameter. */
enum Family {
    OPENAI(VendorFamily.OPENAI, "openai", "/chat/completions", "data: [DONE]\n\n", "\"finish_reason\":\"stop\"",
            "\"completion_tokens\":60"),
    ANTHROPIC(VendorFamily.ANTHROPIC, "anthropic", "/v1/messages",
            "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", "\"stop_reason\":\"end_turn\"",
            "\"output_tokens\":60");

    final String vendor;
    final String endMarker;
    final String finish;
    final String usage;
    private final VendorFamily family;
    final String path;

    Family(VendorFamily family, String vendor, String path, String endMarker, String finish, String usage) {
        this.family = family;
        this.vendor = vendor;
        this.path = path;
        this.endMarker = endMarker;
        this.finish = finish;
        this.usage = usage;
    }

    VendorProfile profile(ModelProfile behaviour) {
        return VendorProfile.of(vendor, behaviour).withFamily(family);
    }

    String chat(String model, boolean stream) {
        return this == OPENAI
                ? RawClient.chat(model, stream)
                : "{\"model\":\"" + model + "\",\"stream\":" + stream + ",\"max_tokens\":1000,\"messages\":[{"
                        + "\"role\":\"user\",\"content\":\"Say something about trains.\"}]}";
    }

    /** The request with the beginning of the assistant's answer behind it. */
    static String prefilled(String chat, String beginning) {
        return chat.replace("}]}", "},{\"role\":\"assistant\",\"content\":\"" + beginning + "\"}]}");
    }

    Exchange post(Simulator simulator, String body, int quietMillis, String... headers) throws IOException {
        List<String> all = new ArrayList<>(List.of(headers));
        if (this == ANTHROPIC) {
            all.add("anthropic-version: 2023-06-01");
        }
        return RawClient.post(simulator.baseUrl(vendor), path, body, quietMillis, all.toArray(String[]::new));
    }

    /** One of two values: OpenAI's or Anthropic's. */
    <T> T of(T openAi, T anthropic) {
        return this == OPENAI ? openAi : anthropic;
    }
}
