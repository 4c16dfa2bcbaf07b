package dev.signalbox.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.InternalServerException;
import com.openai.errors.NotFoundException;
import com.openai.errors.RateLimitException;
import com.openai.errors.UnauthorizedException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.FunctionDefinition;
import com.openai.models.FunctionParameters;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionContentPart;
import com.openai.models.chat.completions.ChatCompletionContentPartImage;
import com.openai.models.chat.completions.ChatCompletionContentPartText;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionFunctionTool;
import com.openai.models.chat.completions.ChatCompletionMessageFunctionToolCall;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.chat.completions.ChatCompletionToolChoiceOption;
import dev.signalbox.simulator.language.FixedAnswer;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The official SDK talks to the simulator and does not notice. */
@Tag("issue-2")
@Tag("issue-3")
class OpenAiSdkTest {
    private static Simulator simulator;
    private static OpenAIClient client;

    @BeforeAll
    static void start() throws IOException {
        VendorProfile vendor = VendorProfile.of("openai", ModelProfile.ZERO_LATENCY).withApiKey("sk-right")
                .withModel("gpt-4.1", ModelProfile.ZERO_LATENCY)
                .withModel("small", ModelProfile.ZERO_LATENCY.withContextWindowTokens(50));
        simulator = Simulator.start(SimulatorOptions.of(new VendorProfile(vendor.name(), vendor.family(),
                vendor.apiKey(), vendor.standard(), vendor.models(), true)));
        client = client("sk-right");
    }

    private static OpenAIClient client(String key) {
        return OpenAIOkHttpClient.builder().baseUrl(simulator.baseUrl().toString()).apiKey(key).maxRetries(0).build();
    }

    @AfterAll
    static void stop() {
        client.close();
        simulator.close();
    }

    private static ChatCompletionCreateParams.Builder chat(String model) {
        return ChatCompletionCreateParams.builder().model(model).addSystemMessage("You are brief.")
                .addUserMessage("Say something about trains.");
    }

    private static ChatCompletion stream(ChatCompletionCreateParams.Builder request) {
        ChatCompletionAccumulator whole = ChatCompletionAccumulator.create();
        try (StreamResponse<ChatCompletionChunk> stream = client.chat().completions()
                .createStreaming(request.streamOptions(ChatCompletionStreamOptions.builder().includeUsage(true).build())
                        .build())) {
            stream.stream().forEach(whole::accumulate);
        }
        return whole.chatCompletion();
    }

    @Test
    void text_whole_and_streamed() {
        ChatCompletion whole = client.chat().completions().create(chat("gpt-4.1").build());
        ChatCompletion streamed = stream(chat("gpt-4.1"));
        for (ChatCompletion answer : List.of(whole, streamed)) {
            answer.validate();
            assertThat(answer.model()).isEqualTo("gpt-4.1");
            assertThat(answer.choices().getFirst().message().content()).contains(FixedAnswer.TEXT);
            assertThat(answer.choices().getFirst().finishReason())
                    .isEqualTo(ChatCompletion.Choice.FinishReason.STOP);
            assertThat(answer.usage().orElseThrow().completionTokens()).isEqualTo(60);
            assertThat(answer.usage().orElseThrow().promptTokens()).isBetween(10L, 40L);
        }
    }

    @Test
    void the_callers_maximum_cuts_the_answer() {
        ChatCompletion whole = client.chat().completions().create(chat("gpt-4.1").maxCompletionTokens(5).build());
        assertThat(whole.choices().getFirst().message().content()).contains(FixedAnswer.text(5));
        assertThat(whole.choices().getFirst().finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.LENGTH);
    }

    @Test
    void tools_whole_and_streamed() {
        ChatCompletionCreateParams.Builder request = chat("gpt-4.1").addTool(ChatCompletionFunctionTool.builder()
                .function(FunctionDefinition.builder().name("get_weather")
                        .parameters(FunctionParameters.builder()
                                .putAdditionalProperty("type", JsonValue.from("object"))
                                .putAdditionalProperty("properties", JsonValue.from(Map.of("city",
                                        Map.of("type", "string"), "unit",
                                        Map.of("type", "string", "enum", List.of("celsius", "kelvin")))))
                                .build())
                        .build())
                .build()).toolChoice(ChatCompletionToolChoiceOption.Auto.REQUIRED);
        for (ChatCompletion answer : List.of(client.chat().completions().create(request.build()), stream(request))) {
            ChatCompletionMessageFunctionToolCall call = answer.choices().getFirst().message().toolCalls()
                    .orElseThrow().getFirst().asFunction();
            assertThat(call.function().name()).isEqualTo("get_weather");
            assertThat(call.function().arguments()).contains("\"city\":\"simulated\"", "\"unit\":\"celsius\"");
            assertThat(answer.choices().getFirst().finishReason())
                    .isEqualTo(ChatCompletion.Choice.FinishReason.TOOL_CALLS);
        }
    }

    private static ChatCompletionFunctionTool tool(String name) {
        return ChatCompletionFunctionTool.builder().function(FunctionDefinition.builder().name(name)
                .parameters(FunctionParameters.builder().putAdditionalProperty("type", JsonValue.from("object"))
                        .putAdditionalProperty("properties", JsonValue.from(Map.of("city", Map.of("type", "string"))))
                        .build())
                .build()).build();
    }

    private static List<String> calls(ChatCompletion answer) {
        return answer.choices().getFirst().message().toolCalls().orElse(List.of()).stream()
                .map(call -> call.asFunction().function().name() + call.asFunction().function().arguments()).toList();
    }

    @Test
    void several_tools_are_called_at_once_unless_that_is_forbidden() {
        ChatCompletionCreateParams.Builder request = chat("gpt-4.1").addTool(tool("get_weather"))
                .addTool(tool("get_time")).addTool(tool("get"))
                .addUserMessage("Please call get_weather and call get_time.");
        for (ChatCompletion answer : List.of(client.chat().completions().create(request.build()), stream(request))) {
            assertThat(calls(answer)).containsExactly("get_weather{\"city\":\"simulated\"}",
                    "get_time{\"city\":\"simulated\"}");
            assertThat(answer.choices().getFirst().message().toolCalls().orElseThrow())
                    .extracting(call -> call.asFunction().id()).doesNotHaveDuplicates();
        }
        request.parallelToolCalls(false);
        for (ChatCompletion answer : List.of(client.chat().completions().create(request.build()), stream(request))) {
            assertThat(calls(answer)).containsExactly("get_weather{\"city\":\"simulated\"}");
        }
    }

    @Test
    void stop_sequences_end_the_answer_before_them() {
        ChatCompletionCreateParams.Builder request = chat("gpt-4.1").stopOfStrings(List.of("bell", "green"));
        for (ChatCompletion answer : List.of(client.chat().completions().create(request.build()), stream(request),
                client.chat().completions().create(chat("gpt-4.1").stop("green").build()))) {
            assertThat(answer.choices().getFirst().message().content()).contains("The lamp at the junction turns ");
            assertThat(answer.choices().getFirst().finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.STOP);
        }
    }

    @Test
    void images_are_taken_and_counted() {
        ChatCompletion answer = client.chat().completions()
                .create(ChatCompletionCreateParams.builder().model("gpt-4.1").addUserMessageOfArrayOfContentParts(List
                        .of(ChatCompletionContentPart
                                .ofText(ChatCompletionContentPartText.builder().text("What is this?").build()),
                                ChatCompletionContentPart.ofImageUrl(ChatCompletionContentPartImage.builder()
                                        .imageUrl(ChatCompletionContentPartImage.ImageUrl.builder()
                                                .url("data:image/png;base64," + "A".repeat(10_000)).build())
                                        .build())))
                        .build());
        assertThat(answer.usage().orElseThrow().promptTokens()).isBetween(700L, 900L);
    }

    @Test
    void a_long_prompt_is_cached_the_second_time() {
        ChatCompletionCreateParams request = chat("gpt-4.1").addUserMessage("words and more ".repeat(500)).build();
        client.chat().completions().create(request);
        assertThat(client.chat().completions().create(request).usage().orElseThrow().promptTokensDetails()
                .orElseThrow().cachedTokens()).contains(1024L);
    }

    @Test
    void errors_become_the_sdks_own_exceptions() {
        assertThatThrownBy(() -> client.chat().completions().create(chat("gpt-4.1@fault=rate_limit").build()))
                .isInstanceOf(RateLimitException.class).hasMessageContaining("Rate limit reached for gpt-4.1");
        assertThatThrownBy(() -> client.chat().completions().create(chat("gpt-4.1@fault=overloaded").build()))
                .isInstanceOf(InternalServerException.class);
        assertThatThrownBy(() -> client.chat().completions().create(chat("gpt-5").build()))
                .isInstanceOf(NotFoundException.class).hasMessageContaining("`gpt-5` does not exist");
        assertThatThrownBy(() -> client.chat().completions()
                .create(chat("small").addUserMessage("too long ".repeat(100)).build()))
                .isInstanceOfSatisfying(BadRequestException.class,
                        error -> assertThat(error.code()).contains("context_length_exceeded"));
        assertThatThrownBy(() -> stream(chat("gpt-4.1@fault=stream_error:5")))
                .hasMessageContaining("server had an error");
        OpenAIClient wrong = client("sk-wrong");
        try {
            assertThatThrownBy(() -> wrong.chat().completions().create(chat("gpt-4.1").build()))
                    .isInstanceOf(UnauthorizedException.class);
        } finally {
            wrong.close();
        }
    }

    @Test
    void models_are_listed() {
        assertThat(client.models().list().data()).extracting(model -> model.id()).containsExactly("gpt-4.1", "small");
    }
}
