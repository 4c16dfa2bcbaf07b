package dev.signalbox.workers.vendor.translation;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.signalbox.config.VendorFamily;
import dev.signalbox.schemas.avro.BodyFormat;
import dev.signalbox.workers.vendor.translation.Translated.Carried;
import dev.signalbox.workers.vendor.translation.Translated.Untranslatable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.OptionalInt;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("issue-3")
class TranslationTest {
    private static final BodyFormat CHAT = BodyFormat.OPENAI_CHAT_COMPLETIONS;
    private static final BodyFormat MESSAGES = BodyFormat.ANTHROPIC_MESSAGES;
    private static final ObjectMapper JSON = new ObjectMapper();

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
            "'max_tokens':5 | 'max_tokens':5",
            "'max_completion_tokens':5 | 'max_tokens':5",
            "'max_tokens':5,'stop':'X' | 'stop_sequences':['X'],'max_tokens':5",
            "'max_tokens':5,'stop':['X','Y'],'temperature':0.70 | 'stop_sequences':['X','Y'],'temperature':0.70,'max_tokens':5",
            "'max_tokens':5,'stop':null,'n':1,'logprobs':false | 'max_tokens':5",
            "'temperature':1 | 'temperature':1,'max_tokens':8192",
            "'max_tokens':5,'user':'u' | 'metadata':{'user_id':'u'},'max_tokens':5",
            "'max_tokens':5,'reasoning_effort':'high' | 'thinking':{'type':'adaptive'},'output_config':{'effort':'high'},'max_tokens':5",
            "'max_tokens':5,'reasoning_effort':'none' | 'thinking':{'type':'disabled'},'max_tokens':5",
            "'max_tokens':5,'tools':[{'type':'function','function':{'name':'f'}}],'parallel_tool_calls':false | 'tools':[{'name':'f','input_schema':{'type':'object','properties':{}}}],'tool_choice':{'type':'auto','disable_parallel_tool_use':true},'max_tokens':5",
            "'max_tokens':5,'tools':[{'type':'function','function':{'name':'f','strict':true}}],'tool_choice':{'type':'function','function':{'name':'f'}} | 'tools':[{'name':'f','strict':true,'input_schema':{'type':'object','properties':{}}}],'tool_choice':{'type':'tool','name':'f'},'max_tokens':5",
            "'max_tokens':5,'response_format':{'type':'json_schema','json_schema':{'name':'n','schema':{'type':'object','additionalProperties':false}}} | 'output_config':{'format':{'type':'json_schema','schema':{'type':'object','additionalProperties':false}}},'max_tokens':5"})
    void membersOfAChatRequest(String chat, String messages) throws IOException {
        String conversation = "'messages':[{'role':'user','content':'hi'}]";
        assertThat(JSON.readTree(carried(CHAT, "{" + conversation + "," + chat + "}")))
                .isEqualTo(JSON.readTree(json("{" + conversation + "," + messages + "}")));
    }

    @Test
    void parallelToolResultsBecomeOneMessageAndComeBackAsSeveral() throws IOException {
        String chat = json("{'messages':[{'role':'system','content':'s'},{'role':'user','content':[{'type':'text',"
                + "'text':'a'},{'type':'image_url','image_url':{'url':'data:image/png;base64,AAAA'}}]},"
                + "{'role':'assistant','content':null,'tool_calls':[{'id':'1','type':'function','function':{'name':'f',"
                + "'arguments':'{\\'x\\':1}'}},{'id':'2','type':'function','function':{'name':'g','arguments':''}}]},"
                + "{'role':'tool','tool_call_id':'1','content':'r1'},{'role':'tool','tool_call_id':'2','content':'r2'},"
                + "{'role':'user','content':'go on'}],'max_completion_tokens':9}")
                .replace("{\"x\":1}", "{\\\"x\\\":1}");
        String messages = carried(CHAT, chat);
        assertThat(JSON.readTree(messages)).isEqualTo(JSON.readTree(json(
                "{'system':[{'type':'text','text':'s'}],'messages':[{'role':'user','content':[{'type':'text','text':'a'},"
                        + "{'type':'image','source':{'type':'base64','media_type':'image/png','data':'AAAA'}}]},"
                        + "{'role':'assistant','content':[{'type':'tool_use','id':'1','name':'f','input':{'x':1}},"
                        + "{'type':'tool_use','id':'2','name':'g','input':{}}]},{'role':'user','content':["
                        + "{'type':'tool_result','tool_use_id':'1','content':'r1'},"
                        + "{'type':'tool_result','tool_use_id':'2','content':'r2'}]},"
                        + "{'role':'user','content':'go on'}],'max_tokens':9}")));
        String back = carried(MESSAGES, messages).replace("\"arguments\":\"{}\"", "\"arguments\":\"\"");
        assertThat(JSON.readTree(back)).isEqualTo(JSON.readTree(chat));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
            "'seed':1 | no counterpart of `seed`",
            "'temperature':1.5 | `temperature` above 1",
            "'n':2 | no counterpart of `n`",
            "'stop':' ' | a `stop` of white space only",
            "'response_format':{'type':'json_object'} | `response_format` of type `json_object`",
            "'response_format':{'type':'json_schema','json_schema':{'schema':{'type':'object','properties':{'a':{'type':'object'}},'additionalProperties':false}}} | `response_format` with a schema whose objects are open",
            "'reasoning_effort':'high','tool_choice':'required' | `reasoning_effort` with a forced `tool_choice`",
            "'tools':[{'type':'custom','custom':{}}] | a tool of type `custom`",
            "'the secret of life':1 | no counterpart of `…`"})
    void whatAChatRequestCannotBring(String member, String reason) {
        String body = json("{'messages':[{'role':'user','content':'hi'}]," + member + "}");
        assertThat(Translation.fitness(CHAT, VendorFamily.ANTHROPIC, bytes(body))).containsExactly(reason);
        assertThat(Translation.fitness(CHAT, VendorFamily.OPENAI, bytes(body))).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
            "[{'role':'user','content':'a'},{'role':'assistant','content':'b'}] | a conversation that ends with an assistant message",
            "[{'role':'user','content':'a'},{'role':'system','content':'b'}] | a system message behind other messages",
            "[{'role':'user','content':'a','name':'bob'}] | `name` of a message",
            "[{'role':'user','content':[{'type':'input_audio'}]}] | a content part of type `input_audio`",
            "[{'role':'user','content':[{'type':'image_url','image_url':{'url':'file:///x'}}]}] | an image URL that is neither data nor http(s)",
            "[{'role':'user','content':''}] | an empty message"})
    void whatAChatConversationCannotBring(String messages, String reason) {
        assertThat(Translation.fitness(CHAT, VendorFamily.ANTHROPIC, bytes(json("{'messages':" + messages + "}"))))
                .contains(reason);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
            "'top_k':5 | no counterpart of `top_k`",
            "'thinking':{'type':'enabled','budget_tokens':2000} | `thinking` with a budget",
            "'thinking':{'type':'adaptive'} | adaptive thinking without an effort",
            "'stop_sequences':['1','2','3','4','5'] | more than 4 `stop_sequences`",
            "'tools':[{'type':'web_search_20250305','name':'web_search'}] | a tool of type `web_search_20250305`",
            "'mcp_servers':[] | no counterpart of `mcp_servers`",
            "'messages':[{'role':'user','content':[{'type':'tool_result','tool_use_id':'1','content':'x','is_error':true}]}] | a tool result that is an error"})
    void whatAMessagesRequestCannotBring(String member, String reason) {
        String body = json("{'max_tokens':5," + (member.contains("messages")
                ? ""
                : "'messages':[{'role':'user','content':'hi'}],") + member + "}");
        assertThat(Translation.fitness(MESSAGES, VendorFamily.OPENAI, bytes(body))).containsExactly(reason);
    }

    @Test
    void aBodyThatIsNoObjectIsRefusedAndAFamilyWithoutACodecIsUnfit() {
        assertThat(Translation.request(CHAT, MESSAGES, bytes("[]"), OptionalInt.empty()))
                .isInstanceOf(Untranslatable.class);
        assertThat(Translation.request(CHAT, MESSAGES, bytes("{} {}"), OptionalInt.empty()))
                .isInstanceOf(Untranslatable.class);
        assertThat(Translation.fitness(CHAT, VendorFamily.BEDROCK, bytes("{}"))).hasSize(1);
    }

    @Test
    void theDeploymentsLongestAnswerIsTheLimitOfARequestWithoutOne() throws IOException {
        Translated translated = Translation.request(CHAT, MESSAGES,
                bytes(json("{'messages':[{'role':'user','content':'hi'}]}")), OptionalInt.of(64_000));
        assertThat(JSON.readTree(((Carried) translated).body()).get("max_tokens").asInt()).isEqualTo(64_000);
    }

    private static String carried(BodyFormat from, String body) {
        BodyFormat to = from == CHAT ? MESSAGES : CHAT;
        Translated translated = Translation.request(from, to, bytes(json(body)), OptionalInt.empty());
        assertThat(translated).isInstanceOf(Carried.class);
        return new String(((Carried) translated).body(), StandardCharsets.UTF_8);
    }

    private static String json(String single) {
        return single.replace('\'', '"');
    }

    private static byte[] bytes(String body) {
        return body.getBytes(StandardCharsets.UTF_8);
    }
}
