package dev.signalbox.config;

/** A place in a file: line and column from 1; 0 and 0 for the file as a whole. */
record Place(int line, int column) {
    static final Place WHOLE_FILE = new Place(0, 0);
}
