package dev.signalbox.system.scenario;

import java.util.List;

/** Secrets of eight shapes, made up, each told from all else in a run by its beginning. */
enum Canary {
    OPENAI("sk-proj-C4n4ryA7Qm2Xv9Lk0Tz5RbW8nYcE3uHs1Jd6Gf"),
    ANTHROPIC("sk-ant-api03-C4n4ryB-9xKq_2vTz7Lm5RbW8nYcE3uHs1Jd6Gf0Pa-AA"),
    AWS("wJ4C4n4ry/K7MDENG+bPxRfiCYzzTq8vN2Lk5Xs1="),
    GOOGLE("AIzaSyC4n4ryD-3Lk0Tz5RbW8nYcE3uHs1Jd6Gf"),
    HEX("c4a4e0f1b2d39687a5b4c3d2e1f00f1e"),
    TOKEN("eyJhbGciOiJIUzI1NiJ9.eyJjNG40cnkiOiJGIn0.q8vN2Lk5Xs1TzRbW8nYcE3uHs1Jd6Gf"),
    UUID("c4a4e0f7-5d1b-4c2e-9f3a-0b8d7e6f5a41"),
    PASSWORD("c4n4ry!Pa55w0rd");

    final String value;

    Canary(String value) {
        this.value = value;
    }

    /** The whole, or half of it: a secret that was cut is one still. */
    List<String> traces() {
        return List.of(value.substring(0, Math.max(10, value.length() / 2)), value.substring(value.length() / 2));
    }
}
