package accordwire.analysis;

import java.io.Reader;
import java.util.Map;

import org.apache.lucene.analysis.charfilter.MappingCharFilter;
import org.apache.lucene.analysis.charfilter.NormalizeCharMap;
import org.elasticsearch.index.analysis.NormalizingCharFilterFactory;

/** Replaces characters before tokenizing; also allowed in a keyword's normalizer. */
record Mapping(String name, NormalizeCharMap map) implements NormalizingCharFilterFactory {

    private static final Map<Character, Character> ESCAPES =
        Map.of('\\', '\\', 'n', '\n', 't', '\t', 'r', '\r', 'b', '\b', 'f', '\f');

    static Mapping read(Parameters parameters) {
        var builder = new NormalizeCharMap.Builder();
        for (String rule : parameters.list("mappings")) {
            // The last arrow separates, so that the left side may contain one.
            int arrow = rule.lastIndexOf("=>");
            if (arrow <= 0) {
                throw parameters.wrong("rule [" + rule + "] is not `characters => replacement`");
            }
            String from = unescape(rule.substring(0, arrow).trim(), parameters);
            builder.add(from, unescape(rule.substring(arrow + 2).trim(), parameters));
        }
        return new Mapping(parameters.name(), builder.build());
    }

    @Override
    public Reader create(Reader reader) {
        return new MappingCharFilter(map, reader);
    }

    private static String unescape(String text, Parameters parameters) {
        var plain = new StringBuilder();
        for (int at = 0; at < text.length(); at++) {
            char letter = text.charAt(at);
            if (letter != '\\') {
                plain.append(letter);
                continue;
            }
            if (++at < text.length() && ESCAPES.containsKey(text.charAt(at))) {
                plain.append(ESCAPES.get(text.charAt(at)));
            } else if (at + 4 < text.length() && text.charAt(at) == 'u') {
                plain.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
                at += 4;
            } else {
                throw parameters.wrong("[" + text + "] ends in or contains an unknown escape");
            }
        }
        return plain.toString();
    }
}
