# Was alle Seiten teilen: der Rahmen, die Bausteine und die Fehlerseiten.
web-language-name = Deutsch

## Der Rahmen
web-skip = Zum Inhalt springen
web-secured-by = Gesichert durch { $product }
web-leave = Verlassen
web-back = Zurück
web-continue = Weiter
web-cancel = Abbrechen
web-try-again = Erneut versuchen
web-copy = Kopieren
web-copied = Kopiert
web-optional = freiwillig
web-reference = Referenz

## Hinweise, wie sie angesagt werden
web-notice-info = Hinweis
web-notice-success = Erledigt
web-notice-warning = Bitte beachten
web-notice-error = Problem

## Fehlerseiten: was geschehen ist und was zu tun ist
web-error-bad-request-title = Das konnten wir nicht lesen
web-error-bad-request-what = In der Adresse oder im Formular fehlte etwas, deshalb wurde nichts geändert.
web-error-bad-request-todo = Gehen Sie zurück und versuchen Sie es noch einmal. Kam die Adresse von jemandem, bitten Sie um eine neue.

web-error-forbidden-title = Diese Seite begann nicht in diesem Browser
web-error-forbidden-what = Das Formular kam von einer anderen Website oder aus einem anderen Browser und wurde nicht verwendet. Es wurde nichts geändert.
web-error-forbidden-todo = Gehen Sie zurück, laden Sie die Seite neu und versuchen Sie es noch einmal.

web-error-not-found-title = Unter dieser Adresse ist nichts
web-error-not-found-what = Der Link ist vielleicht unvollständig, oder sein Ziel gibt es nicht mehr.
web-error-not-found-todo = Prüfen Sie, ob der ganze Link kopiert wurde, oder bitten Sie um einen neuen.

web-error-method-title = So lässt sich diese Seite nicht öffnen
web-error-method-what = Die Adresse stimmt, aber sie wird nur aus ihrem eigenen Formular erreicht.
web-error-method-todo = Gehen Sie zurück und beginnen Sie auf der Seite davor.

web-error-conflict-title = Das hat sich inzwischen geändert
web-error-conflict-what = In einem anderen Fenster oder von jemand anderem wurde etwas geändert, deshalb wurde Ihr letzter Schritt nicht verwendet.
web-error-conflict-todo = Laden Sie die Seite neu, um den Stand zu sehen, und fahren Sie dann fort.

web-error-gone-title = Dieser Link gilt nicht mehr
web-error-gone-what = Er ist abgelaufen oder wurde schon benutzt. Es ist nichts verloren.
web-error-gone-todo = Bitten Sie um einen neuen Link.

web-error-too-large-title = Das ist zu groß
web-error-too-large-what = Was gesendet wurde, ist größer, als diese Seite annimmt, und wurde nicht behalten.
web-error-too-large-todo = Gehen Sie zurück und senden Sie weniger auf einmal.

web-error-too-many-title = Bitte eine kurze Pause
web-error-too-many-what = Aus Ihrem Netz kamen in kurzer Zeit viele Anfragen.
web-error-too-many-todo = Warten Sie eine Minute und versuchen Sie es dann erneut. Es ist nichts verloren.

web-error-internal-title = Bei uns ist etwas schiefgegangen
web-error-internal-what = Ihr letzter Schritt wurde vielleicht nicht gespeichert. Es lag nicht an Ihnen.
web-error-internal-todo = Versuchen Sie es gleich noch einmal. Geschieht es wieder, nennen Sie bitte die Referenz unten.

web-error-overloaded-title = Gerade ist viel los
web-error-overloaded-what = Ihr letzter Schritt konnte nicht rechtzeitig ausgeführt werden. Es ist nichts verloren.
web-error-overloaded-todo = Warten Sie ein paar Sekunden und versuchen Sie es dann erneut.

web-error-host-title = Diese Adresse gehört nicht hierher
web-error-host-what = Die Seite wurde unter einem Namen aufgerufen, auf den dieser Server nicht antwortet.
web-error-host-todo = Öffnen Sie sie noch einmal über den Link, den Sie erhalten haben.
