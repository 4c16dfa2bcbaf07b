package dev.signalbox.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.core.JsonValue;
import com.anthropic.core.http.StreamResponse;
import com.anthropic.errors.AnthropicServiceException;
import com.anthropic.errors.BadRequestException;
import com.anthropic.errors.InternalServerException;
import com.anthropic.errors.NotFoundException;
import com.anthropic.errors.PermissionDeniedException;
import com.anthropic.errors.RateLimitException;
import com.anthropic.errors.SseException;
import com.anthropic.errors.UnauthorizedException;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.messages.Base64ImageSource;
import com.anthropic.models.messages.Base64PdfSource;
import com.anthropic.models.messages.CacheControlEphemeral;
import com.anthropic.models.messages.ContentBlock;
import com.anthropic.models.messages.ContentBlockParam;
import com.anthropic.models.messages.JsonOutputFormat;
import com.anthropic.models.messages.Message;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.OutputConfig;
import com.anthropic.models.messages.RawMessageStreamEvent;
import com.anthropic.models.messages.StopReason;
import com.anthropic.models.messages.TextBlockParam;
import com.anthropic.models.messages.Tool;
import com.anthropic.models.messages.ToolChoice;
import com.anthropic.models.messages.ToolChoiceAny;
import com.anthropic.models.messages.ToolChoiceAuto;
import com.anthropic.models.messages.ToolResultBlockParam;
import com.anthropic.models.messages.Usage;
import dev.signalbox.config.VendorFamily;
import dev.signalbox.simulator.language.FixedAnswer;
import dev.signalbox.simulator.profile.ModelProfile;
import dev.signalbox.simulator.profile.VendorProfile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The official SDK talks to the simulator and does not notice. */
@Tag("issue-3")
class AnthropicSdkTest {
    private static final String MODEL = "claude-sonnet-4-6";
    private static Simulator simulator;
    private static AnthropicClient client;

    @BeforeAll
    static void start() throws IOException {
        simulator = Simulator.start(SimulatorOptions.of(VendorProfile.of("anthropic", ModelProfile.ZERO_LATENCY)
                .withFamily(VendorFamily.ANTHROPIC).withApiKey("sk-ant-right")
                .withModel(MODEL, ModelProfile.ZERO_LATENCY)
                .withModel("small", ModelProfile.ZERO_LATENCY.withContextWindowTokens(50)).strictly()));
        client = client("sk-ant-right");
    }

    private static AnthropicClient client(String key) {
        return AnthropicOkHttpClient.builder().baseUrl(simulator.baseUrl().toString()).apiKey(key).maxRetries(0)
                .build();
    }

    @AfterAll
    static void stop() {
        client.close();
        simulator.close();
    }

    private static MessageCreateParams.Builder chat(String model) {
        return MessageCreateParams.builder().model(model).maxTokens(4_096).system("You are brief.")
                .addUserMessage("Say something about trains.");
    }

    private static List<RawMessageStreamEvent> events(MessageCreateParams request) {
        try (StreamResponse<RawMessageStreamEvent> stream = client.messages().createStreaming(request)) {
            return stream.stream().toList();
        }
    }

    /** The same request answered whole and streamed. */
    private static List<Message> both(MessageCreateParams.Builder request) {
        MessageAccumulator streamed = MessageAccumulator.create();
        events(request.build()).forEach(streamed::accumulate);
        List<Message> both = List.of(client.messages().create(request.build()), streamed.message());
        both.forEach(Message::validate);
        return both;
    }

    private static String text(Message message) {
        return message.content().stream().filter(ContentBlock::isText).map(block -> block.asText().text())
                .collect(Collectors.joining());
    }

    @Test
    void text_whole_and_streamed() {
        for (Message answer : both(chat(MODEL))) {
            assertThat(answer.model().asString()).isEqualTo(MODEL);
            assertThat(answer.id()).startsWith("msg_");
            assertThat(text(answer)).isEqualTo(FixedAnswer.TEXT);
            assertThat(answer.stopReason()).contains(StopReason.END_TURN);
            assertThat(answer.usage().outputTokens()).isEqualTo(60);
            assertThat(answer.usage().inputTokens()).isBetween(10L, 40L);
        }
    }

    @Test
    void a_stream_has_its_events_in_the_vendors_order() {
        List<RawMessageStreamEvent> events = events(chat(MODEL).maxTokens(2).build());
        assertThat(events.get(0).isMessageStart()).isTrue();
        assertThat(events.get(1).isContentBlockStart()).isTrue();
        assertThat(events.get(2).isContentBlockDelta()).isTrue();
        assertThat(events.get(3).isContentBlockDelta()).isTrue();
        assertThat(events.get(4).isContentBlockStop()).isTrue();
        assertThat(events.get(5).isMessageDelta()).isTrue();
        assertThat(events.get(6).isMessageStop()).isTrue();
        assertThat(events).as("the SDK drops pings").hasSize(7);
    }

    @Test
    void the_callers_maximum_and_stop_sequences_cut_the_answer() {
        for (Message answer : both(chat(MODEL).maxTokens(5))) {
            assertThat(text(answer)).isEqualTo(FixedAnswer.text(5));
            assertThat(answer.stopReason()).contains(StopReason.MAX_TOKENS);
        }
        for (Message answer : both(chat(MODEL).stopSequences(List.of("bell", "green")))) {
            assertThat(text(answer)).isEqualTo("The lamp at the junction turns ");
            assertThat(answer.stopReason()).contains(StopReason.STOP_SEQUENCE);
            assertThat(answer.stopSequence()).contains("green");
        }
    }

    @Test
    void thinking_comes_first_and_is_counted() {
        for (Message answer : both(chat(MODEL).enabledThinking(1_024))) {
            assertThat(answer.content().getFirst().asThinking().thinking()).isEqualTo(FixedAnswer.THINKING);
            assertThat(answer.content().getFirst().asThinking().signature()).isNotEmpty();
            assertThat(text(answer)).isEqualTo(FixedAnswer.TEXT);
            assertThat(answer.usage().outputTokens()).isEqualTo(80);
            assertThat(answer.usage().outputTokensDetails().orElseThrow().thinkingTokens()).isEqualTo(20);
        }
    }

    private static Tool tool(String name) {
        return Tool.builder().name(name).inputSchema(Tool.InputSchema.builder()
                .properties(Tool.InputSchema.Properties.builder()
                        .putAdditionalProperty("city", JsonValue.from(Map.of("type", "string")))
                        .putAdditionalProperty("unit",
                                JsonValue.from(Map.of("type", "string", "enum", List.of("celsius", "kelvin"))))
                        .build())
                .build()).build();
    }

    private static List<String> calls(Message message) {
        return message.content().stream().filter(ContentBlock::isToolUse).map(block -> block.asToolUse().name())
                .toList();
    }

    @Test
    void a_demanded_tool_is_called() {
        for (ToolChoice choice : List.of(ToolChoice.ofAny(ToolChoiceAny.builder().build()),
                ToolChoice.ofTool("get_weather"))) {
            for (Message answer : both(chat(MODEL).addTool(tool("get_weather")).addTool(tool("get_time"))
                    .toolChoice(choice))) {
                assertThat(calls(answer)).containsExactly("get_weather");
                assertThat(answer.content().getFirst().asToolUse()._input())
                        .isEqualTo(JsonValue.from(Map.of("city", "simulated", "unit", "celsius")));
                assertThat(answer.stopReason()).contains(StopReason.TOOL_USE);
            }
        }
    }

    @Test
    void several_tools_are_called_at_once_unless_that_is_forbidden() {
        MessageCreateParams.Builder request = MessageCreateParams.builder().model(MODEL).maxTokens(1_000)
                .addTool(tool("get_weather")).addTool(tool("get_time")).addTool(tool("get"))
                .addUserMessage("Please call get_weather and call get_time.");
        for (Message answer : both(request)) {
            assertThat(calls(answer)).containsExactly("get_weather", "get_time");
            assertThat(answer.content()).extracting(block -> block.asToolUse().id()).doesNotHaveDuplicates();
        }
        for (Message answer : both(
                request.toolChoice(ToolChoiceAuto.builder().disableParallelToolUse(true).build()))) {
            assertThat(calls(answer)).containsExactly("get_weather");
        }
    }

    @Test
    void a_tools_result_is_answered_and_a_missing_one_refused() {
        MessageCreateParams.Builder request = MessageCreateParams.builder().model(MODEL).maxTokens(1_000)
                .addTool(tool("get_weather")).addUserMessage("call get_weather");
        Message call = client.messages().create(request.build());
        String id = call.content().getFirst().asToolUse().id();
        request.addMessage(call);
        for (Message answer : both(request.build().toBuilder().addUserMessageOfContentBlockParams(List.of(
                ContentBlockParam.ofToolResult(
                        ToolResultBlockParam.builder().toolUseId(id).content("21 °C").build()))))) {
            assertThat(text(answer)).isEqualTo(FixedAnswer.TEXT);
        }
        assertThatThrownBy(() -> client.messages().create(request.addUserMessage("And now?").build()))
                .isInstanceOf(BadRequestException.class)
                .hasMessageContaining(
                        "`tool_use` ids were found without `tool_result` blocks immediately after: " + id);
    }

    @Test
    void a_last_message_of_the_assistant_is_continued() {
        for (Message answer : both(chat(MODEL).addAssistantMessage(FixedAnswer.text(40)))) {
            assertThat(FixedAnswer.text(40) + text(answer)).isEqualTo(FixedAnswer.TEXT);
            assertThat(answer.usage().outputTokens()).isEqualTo(20);
        }
        for (Message answer : both(chat(MODEL).addAssistantMessage("The lamp at the junc"))) {
            assertThat(text(answer)).startsWith("tion turns green").endsWith("opened.");
        }
        for (Message answer : both(chat(MODEL).addAssistantMessage(FixedAnswer.TEXT))) {
            assertThat(answer.content()).isEmpty();
            assertThat(answer.stopReason()).contains(StopReason.END_TURN);
        }
        assertThatThrownBy(() -> client.messages().create(chat(MODEL).addAssistantMessage("The lamp ").build()))
                .hasMessageContaining("final assistant content cannot end with trailing whitespace");
        assertThatThrownBy(() -> client.messages()
                .create(chat(MODEL + "@fault=reject_prefill").addAssistantMessage("The lamp").build()))
                .isInstanceOf(BadRequestException.class)
                .hasMessageContaining("This model does not support assistant message prefill.");
    }

    @Test
    void images_and_documents_are_taken_and_counted() {
        String data = "A".repeat(10_000);
        Message answer = client.messages().create(MessageCreateParams.builder().model(MODEL).maxTokens(100)
                .addUserMessageOfContentBlockParams(List.of(
                        ContentBlockParam.ofText(TextBlockParam.builder().text("What is this?").build()),
                        ContentBlockParam.ofImage(Base64ImageSource.builder()
                                .mediaType(Base64ImageSource.MediaType.IMAGE_PNG).data(data).build()),
                        ContentBlockParam.ofDocument(Base64PdfSource.builder().data(data).build())))
                .build());
        assertThat(answer.usage().inputTokens()).isBetween(3_800L, 3_900L);
    }

    @Test
    void a_marked_prompt_is_written_to_the_cache_and_read_the_second_time() {
        MessageCreateParams.Builder request = MessageCreateParams.builder().model(MODEL).maxTokens(100)
                .systemOfTextBlockParams(List.of(TextBlockParam.builder().text("words and more ".repeat(500))
                        .cacheControl(CacheControlEphemeral.builder().build()).build()))
                .addUserMessage("Say something about trains.");
        Usage first = client.messages().create(request.build()).usage();
        Usage second = client.messages().create(request.build()).usage();
        Usage third = client.messages()
                .create(request.addAssistantMessage("The lamp").addUserMessage("Go on.").build()).usage();
        assertThat(first.cacheCreationInputTokens().orElseThrow()).isBetween(1_800L, 1_950L);
        assertThat(first.cacheReadInputTokens()).contains(0L);
        assertThat(first.inputTokens()).isLessThan(50);
        assertThat(second.cacheReadInputTokens()).isEqualTo(first.cacheCreationInputTokens());
        assertThat(second.cacheCreationInputTokens()).contains(0L);
        assertThat(third.cacheReadInputTokens()).isEqualTo(first.cacheCreationInputTokens());
        assertThat(third.inputTokens()).isGreaterThan(second.inputTokens());
    }

    @Test
    void an_answer_by_schema_is_json_of_it() {
        for (Message answer : both(chat(MODEL).outputConfig(OutputConfig.builder().format(JsonOutputFormat.builder()
                .schema(JsonOutputFormat.Schema.builder().putAdditionalProperty("type", JsonValue.from("object"))
                        .putAdditionalProperty("properties",
                                JsonValue.from(Map.of("count", Map.of("type", "integer"))))
                        .build())
                .build()).build()))) {
            assertThat(text(answer)).isEqualTo("{\"count\":1}");
        }
    }

    @ParameterizedTest
    @CsvSource({"context_length, 400, invalid_request_error, prompt is too long: ",
            "content_filter, 400, invalid_request_error, Output blocked by content filtering policy",
            "quota, 400, invalid_request_error, Your credit balance is too low",
            "auth, 401, authentication_error, invalid x-api-key", "permission, 403, permission_error, permission",
            "conflict, 409, conflict_error, conflicts", "payload_too_large, 413, request_too_large, maximum size",
            "rate_limit, 429, rate_limit_error, 50 requests per minute",
            "token_limit, 429, rate_limit_error, '30,000 input tokens per minute'",
            "slow_down, 429, rate_limit_error, acceleration limit",
            "server_error, 500, api_error, Internal server error", "timeout, 504, timeout_error, timed out",
            "status:503, 503, overloaded_error, Overloaded", "overloaded, 529, overloaded_error, Overloaded"})
    void errors_keep_the_vendors_status_type_and_words(String fault, int status, String type, String says) {
        for (boolean stream : new boolean[]{false, true}) {
            MessageCreateParams request = chat(MODEL + "@fault=" + fault).build();
            assertThatThrownBy(() -> {
                if (stream) {
                    events(request);
                } else {
                    client.messages().create(request);
                }
            }).isInstanceOfSatisfying(AnthropicServiceException.class, error -> {
                assertThat(error.statusCode()).isEqualTo(status);
                assertThat(error.body().toString()).contains(type).contains(says);
                assertThat(error.requestId().orElseThrow())
                        .isEqualTo(simulator.calls().getLast().vendorRequestId());
                assertThat(error.body().toString()).contains(error.requestId().orElseThrow());
            });
        }
    }

    @Test
    void errors_become_the_sdks_own_exceptions() {
        assertThatThrownBy(() -> client.messages().create(chat(MODEL + "@fault=rate_limit").build()))
                .isInstanceOf(RateLimitException.class);
        assertThatThrownBy(() -> client.messages().create(chat(MODEL + "@fault=overloaded").build()))
                .isInstanceOf(InternalServerException.class);
        assertThatThrownBy(() -> client.messages().create(chat(MODEL + "@fault=region").build()))
                .isInstanceOf(PermissionDeniedException.class).hasMessageContaining("Request not allowed");
        assertThatThrownBy(() -> client.messages().create(chat("claude-7").build()))
                .isInstanceOf(NotFoundException.class).hasMessageContaining("model: claude-7");
        assertThatThrownBy(
                () -> client.messages().create(chat("small").addUserMessage("too long ".repeat(100)).build()))
                .isInstanceOf(BadRequestException.class).hasMessageContaining("tokens > 50 maximum");
        AnthropicClient wrong = client("sk-wrong");
        try {
            assertThatThrownBy(() -> wrong.messages().create(chat(MODEL).build()))
                    .isInstanceOf(UnauthorizedException.class);
        } finally {
            wrong.close();
        }
    }

    @Test
    void an_error_in_the_stream_comes_after_its_tokens() {
        List<RawMessageStreamEvent> seen = new ArrayList<>();
        assertThatThrownBy(() -> {
            try (StreamResponse<RawMessageStreamEvent> stream = client.messages()
                    .createStreaming(chat(MODEL + "@fault=stream_error:5:overloaded").build())) {
                stream.stream().forEach(seen::add);
            }
        }).isInstanceOfAny(SseException.class, InternalServerException.class).hasMessageContaining("Overloaded");
        assertThat(seen).filteredOn(RawMessageStreamEvent::isContentBlockDelta).hasSize(5);
    }

    @Test
    void models_are_listed() {
        assertThat(client.models().list().data()).extracting(model -> model.id()).containsExactly(MODEL, "small");
    }
}
