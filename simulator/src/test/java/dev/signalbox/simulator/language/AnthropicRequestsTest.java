package dev.signalbox.simulator.language;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.signalbox.simulator.fault.ErrorKind;
import dev.signalbox.simulator.language.CallRequest.PromptPrefix;
import dev.signalbox.simulator.language.VendorLanguage.Reading;
import dev.signalbox.simulator.language.VendorLanguage.Refused;
import dev.signalbox.simulator.language.VendorLanguage.Understood;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a Messages request is taken for, and what is refused of it: above all what another family would bring along. */
@Tag("issue-3")
class AnthropicRequestsTest {
    private static final String USER = "{'role':'user','content':'Hello'}";
    private static final String CALL = "{'role':'assistant','content':[{'type':'tool_use','id':'t1','name':'f',"
            + "'input':{}}]}";
    private static final String RESULT = "{'role':'user','content':[{'type':'tool_result','tool_use_id':'t1',"
            + "'content':'ok'}]}";

    private static Reading read(String version, String json) {
        return new AnthropicLanguage().read(name -> name.equals("anthropic-version") ? version : "",
                json.replace('\'', '"').replace("USER", USER.replace('\'', '"')).replace("CALL",
                        CALL.replace('\'', '"')).replace("RESULT", RESULT.replace('\'', '"')).getBytes(UTF_8));
    }

    private static Reading readMore(String more) {
        return read("2023-06-01", "{'model':'m','max_tokens':2000," + more + "}");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {"'messages':[] | at least one message is required",
            "'messages':[{'role':'system','content':'Be brief'},USER] | Unexpected role \"system\"",
            "'messages':[{'role':'tool','content':'x'}] | Unexpected role \"tool\"",
            "'messages':[{'role':'user','content':'x','name':'y'}] | messages.0.name: Extra inputs are not permitted",
            "'messages':[{'role':'user','content':' '}] | must contain non-whitespace text",
            "'messages':[{'role':'user','content':[{'type':'image_url','image_url':{'url':'x'}}]}] | messages.0.content.0: Input tag 'image_url'",
            "'messages':[{'role':'user','content':[{'type':'image','source':{'type':'base64','media_type':'image/tiff','data':'QQ=='}}]}] | Input should be 'image/jpeg'",
            "'messages':[USER,CALL] | messages.1: `tool_use` ids were found without `tool_result`",
            "'messages':[USER,CALL,USER] | messages.1: `tool_use` ids were found without `tool_result`",
            "'messages':[USER,RESULT] | messages.1.content.0: unexpected `tool_use_id` found",
            "'messages':[USER],'temperature':1.5 | temperature: Input should be less than or equal to 1",
            "'messages':[USER],'stop':['x'] | stop: Extra inputs are not permitted",
            "'messages':[USER],'response_format':{'type':'json_object'} | response_format: Extra inputs are not permitted",
            "'messages':[USER],'tools':[{'type':'function','function':{'name':'f'}}] | tools.0: Input tag 'function'",
            "'messages':[USER],'tools':[{'name':'f','input_schema':{'type':'object'}},{'name':'f','input_schema':{'type':'object'}}] | Tool names must be unique",
            "'messages':[USER],'tool_choice':'auto' | tool_choice: Input should be an object",
            "'messages':[USER],'tool_choice':{'type':'any'} | tool_choice may only be specified while providing tools",
            "'messages':[USER],'tools':[{'name':'f','input_schema':{'type':'object'}}],'tool_choice':{'type':'tool','name':'g'} | Tool 'g' not found",
            "'messages':[USER],'thinking':{'type':'enabled','budget_tokens':500} | greater than or equal to 1024",
            "'messages':[USER],'thinking':{'type':'enabled','budget_tokens':2000} | `max_tokens` must be greater than",
            "'messages':[USER],'thinking':{'type':'enabled','budget_tokens':1024},'temperature':0.5 | `temperature` may only be set to 1"})
    void refused(String more, String message) {
        assertThat(readMore(more)).isInstanceOfSatisfying(Refused.class, refused -> {
            assertThat(refused.kind()).isEqualTo(ErrorKind.INVALID_REQUEST);
            assertThat(refused.message()).contains(message);
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"'messages':[USER]", "'messages':[USER,CALL,RESULT]",
            "'messages':[USER,{'role':'assistant','content':'Hi'},USER]",
            "'messages':[USER,{'role':'system','content':'Be brief from now on'},USER]",
            "'messages':[{'role':'user','content':[{'type':'document','source':{'type':'url','url':'https://x/y.pdf'}},"
                    + "{'type':'image','source':{'type':'url','url':'https://x/y.png'}}]}]",
            "'messages':[USER],'system':[{'type':'text','text':'a'}],'metadata':{'user_id':'u'},'top_k':3"})
    void taken(String more) {
        assertThat(readMore(more)).isInstanceOf(Understood.class);
    }

    @Test
    void what_is_no_object_or_lacks_a_field_is_refused() {
        for (String body : new String[]{"", "[]", "{'model':'m'", "{'messages':[USER],'max_tokens':1}",
                "{'model':'m','messages':[USER]}", "{'model':'m','messages':[USER],'max_tokens':0}",
                "{'model':'m','messages':[USER],'max_tokens':'9'}", "{'model':'m','max_tokens':1}"}) {
            assertThat(read("2023-06-01", body)).as(body).isInstanceOf(Refused.class);
        }
    }

    @Test
    void the_version_header_is_demanded_and_tells_what_may_be_sent() {
        String cool = "{'model':'m','max_tokens':9,'messages':[USER],'temperature':0}";
        assertThat(((Refused) read("", cool)).message()).isEqualTo("anthropic-version: header is required");
        assertThat(((Refused) read("2024-01-01", cool)).message())
                .isEqualTo("anthropic-version: \"2024-01-01\" is not a valid version");
        assertThat(read("2023-06-01", cool)).isInstanceOf(Understood.class);
        assertThat(((Refused) read("2026-10-21", cool)).message())
                .isEqualTo("temperature: Extra inputs are not permitted");
    }

    @Test
    void each_mark_ends_a_prefix_of_the_prompt_and_a_short_one_is_none() {
        String marked = ",'cache_control':{'type':'ephemeral'}";
        String longText = "w".repeat(5_000);
        CallRequest request = ((Understood) readMore("'system':[{'type':'text','text':'short'" + marked
                + "},{'type':'text','text':'" + longText + "'" + marked + "}],'messages':[{'role':'user','content':["
                + "{'type':'text','text':'" + longText + "'" + marked + "},{'type':'text','text':'end'}]}]"))
                .request();
        assertThat(request.prefixes()).hasSize(2).extracting(PromptPrefix::tokens).isSorted()
                .allSatisfy(tokens -> assertThat(tokens).isBetween(1_250, request.promptTokens()));
        assertThat(((Refused) readMore("'messages':[{'role':'user','content':["
                + ("{'type':'text','text':'x'" + marked + "},").repeat(4) + "{'type':'text','text':'x'" + marked
                + "}]}]")).message()).contains("A maximum of 4 blocks with cache_control");
    }
}
