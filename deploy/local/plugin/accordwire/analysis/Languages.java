package accordwire.analysis;

import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

import org.apache.lucene.analysis.LowerCaseFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.el.GreekLowerCaseFilter;
import org.apache.lucene.analysis.ga.IrishLowerCaseFilter;
import org.apache.lucene.analysis.snowball.SnowballFilter;
import org.apache.lucene.analysis.tr.TurkishLowerCaseFilter;

/** What the `language` parameter may say, filter by filter. An unknown language is refused, never guessed. */
final class Languages {

    private static final Map<String, UnaryOperator<TokenStream>> LOWERCASE = Map.of(
        "greek", GreekLowerCaseFilter::new,
        "irish", IrishLowerCaseFilter::new,
        "turkish", TurkishLowerCaseFilter::new);

    private static final Set<String> SNOWBALL = Set.of(
        "Arabic", "Armenian", "Basque", "Catalan", "Danish", "Dutch", "English", "Estonian", "Finnish", "French",
        "German", "Greek", "Hindi", "Hungarian", "Indonesian", "Irish", "Italian", "Lithuanian", "Nepali", "Norwegian",
        "Porter", "Portuguese", "Romanian", "Russian", "Serbian", "Spanish", "Swedish", "Tamil", "Turkish", "Yiddish");

    private Languages() {}

    static UnaryOperator<TokenStream> lowercase(Parameters parameters) {
        String language = parameters.text("language", null);
        if (language == null) {
            return LowerCaseFilter::new;
        }
        var found = LOWERCASE.get(language.toLowerCase(Locale.ROOT));
        if (found == null) {
            throw unknown(language, LOWERCASE.keySet(), parameters);
        }
        return found;
    }

    static UnaryOperator<TokenStream> snowball(Parameters parameters) {
        String given = parameters.text("language", "English");
        String language = given.isEmpty() ? given : given.substring(0, 1).toUpperCase(Locale.ROOT) + given.substring(1);
        if (!SNOWBALL.contains(language)) {
            throw unknown(given, SNOWBALL, parameters);
        }
        return input -> new SnowballFilter(input, language);
    }

    private static IllegalArgumentException unknown(String language, Set<String> valid, Parameters parameters) {
        return parameters.wrong("unknown language [" + language + "]; valid here: " + new TreeSet<>(valid));
    }
}
