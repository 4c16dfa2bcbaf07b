package dev.signalbox.simulator.language;

/** One part of an answer's content, in order. */
sealed interface Block {
    Pieces pieces();

    record Thinking(Pieces pieces) implements Block {
    }

    record Text(Pieces pieces) implements Block {
    }

    /** @param pieces of the arguments' JSON */
    record Tool(String name, Pieces pieces) implements Block {
    }
}
