package dev.signalbox.config;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Tag("issue-4")
class KnownPrefillTest {

    @ParameterizedTest
    @CsvSource({
            "ANTHROPIC,claude-3-haiku-20240307,true",
            "ANTHROPIC,claude-3-5-sonnet-latest,true",
            "ANTHROPIC,claude-3-7-sonnet-20250219,true",
            "ANTHROPIC,claude-2.1,true",
            "ANTHROPIC,claude-instant-1.2,true",
            "ANTHROPIC,claude-sonnet-4-20250514,true",
            "ANTHROPIC,claude-sonnet-4-0,true",
            "ANTHROPIC,claude-opus-4-1-20250805,true",
            "ANTHROPIC,claude-haiku-4-5,true",
            "ANTHROPIC,claude-sonnet-4-5-20250929,true",
            "VERTEX,claude-sonnet-4@20250514,true",
            "BEDROCK,us.anthropic.claude-sonnet-4-20250514-v1:0,true",
            "ANTHROPIC,claude-opus-4-6,false",
            "ANTHROPIC,claude-sonnet-4-6,false",
            "ANTHROPIC,claude-opus-4-7,false",
            "ANTHROPIC,claude-sonnet-5,false",
            "ANTHROPIC,claude-opus-4-10,false",
            "BEDROCK,eu.anthropic.claude-opus-4-6-v1:0,false",
            "BEDROCK,meta.llama3-70b-instruct-v1:0,false",
            "VERTEX,gemini-2.5-pro,false",
            "OPENAI,gpt-4.1,false",
            "OPENAI,anthropic/claude-3-haiku-20240307,false"})
    void onlyModelsThatAreKnownToGoOnFromATextAreBelievedTo(VendorFamily family, String modelId, boolean expected) {
        assertThat(KnownPrefill.of(family, modelId)).isEqualTo(expected);
    }
}
