package accordwire.analysis;

import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;

import org.apache.lucene.analysis.LowerCaseFilter;
import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.ar.ArabicStemFilter;
import org.apache.lucene.analysis.de.GermanLightStemFilter;
import org.apache.lucene.analysis.el.GreekLowerCaseFilter;
import org.apache.lucene.analysis.en.KStemFilter;
import org.apache.lucene.analysis.en.PorterStemFilter;
import org.apache.lucene.analysis.es.SpanishLightStemFilter;
import org.apache.lucene.analysis.fa.PersianStemFilter;
import org.apache.lucene.analysis.fr.FrenchLightStemFilter;
import org.apache.lucene.analysis.ga.IrishLowerCaseFilter;
import org.apache.lucene.analysis.it.ItalianLightStemFilter;
import org.apache.lucene.analysis.ru.RussianLightStemFilter;
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

    /** Only where Elasticsearch's name and Lucene's class are beyond doubt; other languages go by `snowball`. */
    private static final Map<String, UnaryOperator<TokenStream>> STEMMERS = Map.ofEntries(
        Map.entry("arabic", ArabicStemFilter::new),
        Map.entry("english", PorterStemFilter::new),
        Map.entry("porter", PorterStemFilter::new),
        Map.entry("light_english", KStemFilter::new),
        Map.entry("light_french", FrenchLightStemFilter::new),
        Map.entry("light_german", GermanLightStemFilter::new),
        Map.entry("light_italian", ItalianLightStemFilter::new),
        Map.entry("light_russian", RussianLightStemFilter::new),
        Map.entry("light_spanish", SpanishLightStemFilter::new),
        Map.entry("persian", PersianStemFilter::new),
        Map.entry("french", snowball("French")),
        Map.entry("german", snowball("German")),
        Map.entry("italian", snowball("Italian")),
        Map.entry("portuguese", snowball("Portuguese")),
        Map.entry("russian", snowball("Russian")),
        Map.entry("spanish", snowball("Spanish")),
        Map.entry("turkish", snowball("Turkish")));

    private Languages() {}

    static UnaryOperator<TokenStream> lowercase(Parameters parameters) {
        String language = parameters.text("language", null);
        return language == null ? LowerCaseFilter::new : among(LOWERCASE, language.toLowerCase(Locale.ROOT), parameters);
    }

    static UnaryOperator<TokenStream> snowball(Parameters parameters) {
        String given = parameters.text("language", "English");
        String language = given.isEmpty() ? given : given.substring(0, 1).toUpperCase(Locale.ROOT) + given.substring(1);
        if (!SNOWBALL.contains(language)) {
            throw unknown(given, SNOWBALL, parameters);
        }
        return snowball(language);
    }

    static UnaryOperator<TokenStream> stemmer(Parameters parameters) {
        String language = parameters.text("language", parameters.text("name", "porter"));
        return among(STEMMERS, language, parameters);
    }

    private static UnaryOperator<TokenStream> snowball(String language) {
        return input -> new SnowballFilter(input, language);
    }

    private static <T> T among(Map<String, T> table, String language, Parameters parameters) {
        T found = table.get(language);
        if (found == null) {
            throw unknown(language, table.keySet(), parameters);
        }
        return found;
    }

    private static IllegalArgumentException unknown(String language, Set<String> valid, Parameters parameters) {
        return parameters.wrong("unknown language [" + language + "]; valid here: " + new TreeSet<>(valid));
    }
}
